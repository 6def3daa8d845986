"""Instants and durations as Prometheus writes them, to the millisecond, as microseconds."""

import re
from datetime import timedelta
from typing import Annotated

import promql_parser
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.core.clock import parse_instant, to_microseconds

MILLISECOND = 1_000
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?", re.ASCII)
# The years 1 to 9999, in seconds since 1970.
_FIRST, _LAST = -62_135_596_800, 253_402_300_800
# Twice as long as anybody has measured; sums of an instant and a duration then need no second look.
_LONGEST = timedelta(days=36_525)


def instant(text: object) -> int:
    """Unix seconds with a fraction, or RFC 3339. Raises: PydanticCustomError."""
    try:
        if isinstance(text, str) and _NUMBER.fullmatch(text):
            seconds = float(text)
            if not _FIRST <= seconds < _LAST:
                raise ValueError
            return round(seconds * 1000) * MILLISECOND
        return to_microseconds(parse_instant(text)) // MILLISECOND * MILLISECOND
    except ValueError:
        raise PydanticCustomError(
            "unix_or_rfc3339", "Must be Unix seconds such as 1767225600.5, or RFC 3339 such as 2026-01-01T00:00:00Z"
        ) from None


def duration(text: object) -> int:
    """Seconds, or a duration such as 1h30m; more than nothing. Raises: PydanticCustomError."""
    try:
        if not isinstance(text, str):
            raise ValueError
        found = timedelta(seconds=float(text)) if _NUMBER.fullmatch(text) else promql_parser.parse_duration(text)
        milliseconds = found // timedelta(milliseconds=1)
        if milliseconds < 1 or found > _LONGEST:
            raise ValueError
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "promql_duration", "Must be a duration of at least a millisecond, such as 15s, 1h30m, or seconds"
        ) from None
    return milliseconds * MILLISECOND


Instant = Annotated[int, BeforeValidator(instant), WithJsonSchema({"type": "string", "maxLength": 40})]
Duration = Annotated[int, BeforeValidator(duration), WithJsonSchema({"type": "string", "maxLength": 40})]
