"""Names that people give to things: trimmed, not blank, and free of what PostgreSQL or a terminal would choke on."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

MAX_NAME = 200


def first_line(error: BaseException) -> str:
    """What an error says, as one line for a log; its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def is_storable(value: str) -> bool:
    """Whether it holds nothing that PostgreSQL or a terminal would choke on: control characters, halves of letters."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)


def _is_name(value: str) -> str:
    if not value:
        raise PydanticCustomError("blank", "Must not be blank")
    if not is_storable(value):
        raise PydanticCustomError("text", "Must not hold control characters")
    return value


Name = Annotated[str, BeforeValidator(_trim), AfterValidator(_is_name), Field(max_length=MAX_NAME)]
# The same rule for values that only name something, such as a header or a path segment.
NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f]*$"
