"""Tags: a few named texts of a server, by which lists are filtered and series are grouped."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.core.text import Name

MAX_TAGS = 32
# No colon or comma: `tag=site:lisboa` and `group_by=tag:site` name a tag in a URL.
TAG_NAME = r"^[^\W\d][\w.-]{0,62}$"

TagFilter = Annotated[str, Field(pattern=r"^[^\W\d][\w.-]{0,62}(:[^\x00-\x1f\x7f]{1,200})?$")]
TagName = Annotated[str, Field(pattern=TAG_NAME)]


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
