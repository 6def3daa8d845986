"""From what a caller gives to the line of NDJSON that is kept and sent."""

import json
import math
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sentinela_client.errors import BadReading

_STEP = timedelta(microseconds=1)
# A clock that has gone back further than this was set, and is believed.
_TICK = timedelta(milliseconds=1)


class Stamps:
    """Instants for readings that bring none. No two are alike: the same server and instant would be one reading."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        with self._lock:
            now = datetime.now(UTC)
            if timedelta(0) <= self._last - now < _TICK:
                now = self._last + _STEP
            self._last = now
            return now


def encode(reading: Mapping[str, Any], server_ulid: str | None, stamps: Stamps) -> bytes:
    """A line without its end; the instant is put in where there is none, so that sending again changes nothing.

    Raises: BadReading. Bounds of quantities are the system's to judge: what it refuses becomes a dead letter.
    """
    values = {name: value for name, value in reading.items() if name not in ("server_ulid", "timestamp")}
    line = {
        "server_ulid": _server(reading.get("server_ulid") or server_ulid),
        "timestamp": _instant(reading.get("timestamp"), stamps),
        **{name: _value(name, value) for name, value in values.items() if value is not None},
    }
    if len(line) == 2:
        raise BadReading("a reading needs at least one value")
    return json.dumps(line, separators=(",", ":"), allow_nan=False).encode()


def _server(server_ulid: Any) -> str:
    if not isinstance(server_ulid, str) or not server_ulid.strip():
        raise BadReading("server_ulid is missing: give it with the reading, or to the Sender")
    return server_ulid


def _instant(given: Any, stamps: Stamps) -> str:
    if given is None:
        given = stamps.now()
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise BadReading(f"timestamp {given!r} is not an ISO 8601 instant") from None
    if not isinstance(given, datetime):
        raise BadReading("timestamp must be a datetime, or ISO 8601 text")
    if given.tzinfo is None:
        raise BadReading("timestamp has no time zone: say datetime.now(UTC), or end the text with Z")
    return given.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _value(name: str, value: Any) -> float:
    """Numbers of any kind, those of numpy included."""
    if isinstance(value, str | bytes | bool):
        raise BadReading(f"{name} must be a number, not {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadReading(f"{name} must be a number, not {value!r}") from None
    if not math.isfinite(number):
        raise BadReading(f"{name} is {number}, which is no measurement")
    return number
