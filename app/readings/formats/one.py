"""One reading as JSON."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.core.errors import Problem, invalid
from app.core.strict_json import json_fault
from app.readings.schemas import ReadingIn

_ONE = TypeAdapter(ReadingIn)


def is_array(body: bytes) -> bool:
    """Whether the JSON text is an array, by its first character."""
    return body[:64].lstrip()[:1] == b"["


def parse_one(body: bytes) -> Any:
    """One reading. Raises: Invalid, with the position for what is no JSON."""
    try:
        return _ONE.validate_json(body)
    except ValidationError as error:
        raise _refusal(error, body) from None


def _refusal(error: ValidationError, body: bytes) -> Problem:
    faults = error.errors(include_url=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return json_fault(faults[0]["ctx"]["error"], body)
    return invalid(faults, ("body",))
