"""Bodies of `POST /data` to readings, and the faults of those that are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from app.core.errors import invalid
from app.core.strict_json import json_fault
from app.readings.schemas import Fault, ReadingIn

_ONE = TypeAdapter(ReadingIn)
_MANY = TypeAdapter(list[ReadingIn])


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good readings of an array with their positions in it, and the faults of the others."""

    readings: Sequence[Any]
    positions: Sequence[int]
    faults: Sequence[Fault]


def is_array(body: bytes) -> bool:
    """Whether the JSON text is an array, by its first character."""
    return body[:64].lstrip()[:1] == b"["


def parse_one(body: bytes) -> Any:
    """One reading. Raises: Invalid, with the position for what is no JSON."""
    try:
        return _ONE.validate_json(body)
    except ValidationError as error:
        raise _refusal(error, body) from None


def parse_array(body: bytes) -> Parsed:
    """The readings of an array; a bad one sinks no other. Raises: Invalid for what is no JSON."""
    try:
        readings = _MANY.validate_json(body)
        return Parsed(readings, range(len(readings)), ())
    except ValidationError as error:
        faults = _faults_by_index(error, body)
    items = from_json(body)
    positions = [index for index in range(len(items)) if index not in faults]
    readings = _MANY.validate_python([items[index] for index in positions])
    return Parsed(readings, positions, list(faults.values()))


def _faults_by_index(error: ValidationError, body: bytes) -> dict[int, Fault]:
    faults: dict[int, Fault] = {}
    for fault in error.errors(include_url=False, include_input=False):
        if not fault["loc"]:
            raise _refusal(error, body)
        index, *field = fault["loc"]
        described = {"loc": field, "msg": fault["msg"], "type": fault["type"], "ctx": fault.get("ctx", {})}
        faults.setdefault(int(index), Fault(int(index), described))  # type: ignore[arg-type]
    return faults


def _refusal(error: ValidationError, body: bytes) -> Exception:
    faults = error.errors(include_url=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return json_fault(faults[0]["ctx"]["error"], body)
    return invalid(faults, ("body",))
