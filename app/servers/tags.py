"""Tags: a few named texts of a server, by which lists are filtered and series are grouped."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.core.text import Name

MAX_TAGS = 32
# No colon or comma: `tag=site:lisboa` and `group_by=tag:site` name a tag in a URL.
# Lengths are no part of the patterns: `[\w.-]{0,62}` alone takes 8 MB as a compiled expression over all of Unicode.
TAG_NAME = r"^[^\W\d][\w.-]*$"
MAX_TAG_NAME = 63

TagFilter = Annotated[str, Field(max_length=MAX_TAG_NAME + 201, pattern=r"^[^\W\d][\w.-]*(:[^\x00-\x1f\x7f]+)?$")]
TagName = Annotated[str, Field(max_length=MAX_TAG_NAME, pattern=TAG_NAME)]


def _few(value: dict[str, str]) -> dict[str, str]:
    if len(value) > MAX_TAGS:
        raise PydanticCustomError("too_many_tags", "A server has at most {limit} tags", {"limit": MAX_TAGS})
    return value


Tags = Annotated[
    dict[TagName, Name],
    AfterValidator(_few),
    Field(
        description="Names (a letter, then letters, digits, `_`, `.` or `-`, at most 63) and their texts; at most 32.",
        examples=[{"site": "Lisboa", "rack": "B2"}],
    ),
]
