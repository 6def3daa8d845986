"""Damage bodies at random and decode them: as a module, `fuzzing MEDIA_TYPE SECONDS SEED` in a process of its own."""

import random
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from app.core.errors import Problem
from tests.readings.formats.bodies import BODIES, Row
from tests.readings.formats.decoded import decoded

# What breaks parsers: ends of strings and rows, other numbers, lengths and offsets at their limits, half characters.
MORSELS = [
    b'"', b"{", b"[", b"]}", b",", b";", b"\n", b"\r\n", b"\\", b"\\ud800", b"null", b"-", b"1e999", b"NaN", b"\0",
    b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\x01\0\0\0\0\0\0\0", b"\xc3", b"\xef\xbb\xbf",
]  # fmt: skip
ROWS: list[Row] = [
    {"server_ulid": f"s{row % 3}", "timestamp": f"2026-01-31T12:00:{row:02}.5Z", "temperature": row / 3, "flow": None}
    for row in range(20)
]
Change = Callable[[random.Random, bytearray, int], None]


def _flip(chance: random.Random, body: bytearray, at: int) -> None:
    if body:
        body[at % len(body)] ^= 1 << chance.randrange(8)


def _insert(chance: random.Random, body: bytearray, at: int) -> None:
    body[at:at] = chance.choice(MORSELS)


def _overwrite(chance: random.Random, body: bytearray, at: int) -> None:
    morsel = chance.choice(MORSELS)
    body[at : at + len(morsel)] = morsel


def _cut(chance: random.Random, body: bytearray, at: int) -> None:
    del body[at : at + chance.choice((1, 4, 8, 100, len(body)))]


def _repeat(chance: random.Random, body: bytearray, at: int) -> None:
    body[at:at] = body[at : at + chance.randrange(200)] * chance.randrange(4)


CHANGES: list[Change] = [_flip, _insert, _overwrite, _cut, _repeat]


def damaged(chance: random.Random, body: bytes) -> bytes:
    """The body with one to six changes; one in fifty is noise."""
    if chance.random() < 0.02:
        return chance.randbytes(chance.randrange(300))
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        chance.choice(CHANGES)(chance, changed, chance.randrange(len(changed) + 1))
    return bytes(changed)


def fuzz(media_type: str, seed: int, goes_on: Callable[[int], bool]) -> int:
    """Decode damaged bodies while `goes_on(count so far)`; their number. Anything but a Problem passes through."""
    chance = random.Random(seed)
    body = BODIES[media_type](ROWS)
    count = 0
    while goes_on(count):
        with suppress(Problem):
            decoded(damaged(chance, body), media_type)
        count += 1
    return count


def main(media_type: str, seconds: float, seed: int) -> None:
    """Print how many bodies were decoded, and by how many bytes the process grew after the first thousand."""
    fuzz(media_type, seed, lambda count: count < 1000)
    before, end = _peak(), time.monotonic() + seconds
    count = fuzz(media_type, seed + 1, lambda _: time.monotonic() < end)
    print(count, _peak() - before)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
