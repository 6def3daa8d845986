"""Instants as pydantic types: text in, UTC out; see `clock.parse_instant` for what counts as one."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.core.clock import format_instant, now, parse_instant


def _from_text(value: Any) -> datetime:
    try:
        return value if isinstance(value, datetime) else parse_instant(value)
    except ValueError as error:
        kind = "instant_range" if "calendar" in str(error) else "instant"
        raise PydanticCustomError(kind, str(error)[0].upper() + str(error)[1:]) from None


def _from_query(value: Any) -> datetime:
    # An unescaped + in a URL arrives as a blank: 12:00:00+02:00 becomes 12:00:00 02:00.
    if isinstance(value, str) and len(value) > 6 and value[-6] == " " and value[-3] == ":" and "T" in value:
        value = f"{value[:-6]}+{value[-5:]}"
    return _from_text(value)


def _in_the_future(value: datetime) -> datetime:
    if value <= now():
        raise PydanticCustomError("instant_past", "Must lie in the future")
    return value


_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]})
_OUT = PlainSerializer(format_instant, return_type=str)

Instant = Annotated[datetime, BeforeValidator(_from_text), _OUT, _SCHEMA]
FutureInstant = Annotated[Instant, AfterValidator(_in_the_future)]
QueryInstant = Annotated[datetime, BeforeValidator(_from_query), _OUT, _SCHEMA]
