"""Identifiers on the wire: ULIDs, 26 characters of Crockford's base 32."""

import time
from datetime import datetime

from fastapi import Path
from ulid import ULID

from app.core.text import NO_CONTROL_CHARACTERS

ULID_EXAMPLE = "01KA2V0C8T3J9X5N7Q1W4Z6Y8B"
# An identifier in a path: whatever its form, one that does not exist is a 404.
IdPath = Path(max_length=100, pattern=NO_CONTROL_CHARACTERS, examples=[ULID_EXAMPLE])


def new_ulid() -> str:
    """A fresh identifier."""
    return str(ULID())


def first_ulid_of(moment: datetime) -> str:
    """The least identifier of this moment: those that were made before it sort before, the others behind."""
    return str(ULID.from_timestamp(max(0.0, moment.timestamp())))[:10] + "0" * 16


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]


class RequestIds:
    """ULIDs in 1 µs instead of 10, for every answer carries one: milliseconds, then a count from a random start."""

    def __init__(self) -> None:
        self._count = 2**20
        self._chance = ""

    def next(self) -> str:
        """A fresh one; guessing the next is easy and gains nothing."""
        if self._count >= 2**20:
            self._count = 0
            self._chance = str(ULID())[10:22]
        self._count += 1
        stamp, count = time.time_ns() // 1_000_000, self._count - 1
        return (
            f"{_PAIRS[stamp >> 40]}{_PAIRS[stamp >> 30 & 1023]}{_PAIRS[stamp >> 20 & 1023]}"
            f"{_PAIRS[stamp >> 10 & 1023]}{_PAIRS[stamp & 1023]}{self._chance}"
            f"{_PAIRS[count >> 10]}{_PAIRS[count & 1023]}"
        )


new_request_id = RequestIds().next
