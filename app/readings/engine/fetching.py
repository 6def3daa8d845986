"""What the engine reads of PostgreSQL, within the snapshot of its caller, in as few round trips as there can be."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.copy import Connection
from app.readings import reads
from app.readings.engine.question import Float, Int, Question
from app.readings.packing import EPOCH
from app.readings.quantities import NAMES
from app.readings.reads import Packed
from app.readings.segments import HOUR

Columns = tuple[npt.NDArray[Any], ...]

_KINDS = {"int8": (">i8", np.int64), "timestamptz": (">i8", np.int64), "float8": (">f8", np.float64)}


async def columns(connection: Connection, statement: Packed, parameters: reads.Parameters) -> Columns | None:
    """The columns (n,) of a statement, its groups first; None where it found nothing."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement.text, parameters)
        rows = await cursor.fetchall()
    if not rows:
        return None
    groups, packed = statement.groups, list(zip(*rows, strict=True))
    sizes = [len(numbers) // 8 for numbers in packed[groups]]
    return (
        *(np.repeat(np.array(numbers, np.int64), sizes) for numbers in packed[:groups]),
        *(_unpacked(b"".join(parts), kind) for parts, kind in zip(packed[groups:], statement.kinds, strict=True)),
    )


def _unpacked(packed: bytes, kind: str) -> npt.NDArray[Any]:
    wire, native = _KINDS[kind]
    values: npt.NDArray[Any] = np.frombuffer(packed, wire).astype(native)
    return values + EPOCH if kind == "timestamptz" else values


def hours_and_counts(packed: Int) -> tuple[Int, Int]:
    """Hours (n,) and counts (n,), which may be below zero, of numbers that hold both."""
    counts = packed.astype(np.int32).astype(np.int64)
    return (packed - counts) >> 32, counts


@dataclass(frozen=True, slots=True)
class Hours:
    """n hours of servers that have readings, by server and hour; each column (n,).

    `sealed` and `hot` count readings, those that both have twice; `low` and `high` are the first and last instant.
    """

    server: Int
    hour: Int
    sealed: Int
    hot: Int
    low: Int
    high: Int

    def __len__(self) -> int:
        return len(self.server)

    @property
    def readings(self) -> Int:
        return self.sealed + self.hot

    def take(self, which: Int | npt.NDArray[np.bool_] | slice) -> "Hours":
        return Hours(*(getattr(self, name)[which] for name in self.__slots__))


Segments = list[tuple[int, int, int, int, bytes]]
"""Server, hour, quantity or 0, count, and the bytes of values, of quantity 0 those of instants; in no order."""


@dataclass(frozen=True, slots=True)
class HotRows:
    """Hot readings (n,) by server and instant, NaN for absent."""

    server: Int
    ts: Int
    values: dict[str, Float]


async def segments(connection: Connection, question: Question, hours: Hours) -> Segments:
    """What is sealed of these hours: instants, and the quantities that the question reads."""
    sealed = hours.take(hours.sealed > 0)
    if not len(sealed):
        return []
    wanted = {"servers": sealed.server.tolist(), "hours": sealed.hour.tolist()}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(reads.SEGMENTS, wanted | {"quantities": list(question.quantities.values())})
        return await cursor.fetchall()


async def hot_rows(connection: Connection, question: Question, hours: Hours, low: int, high: int) -> HotRows:
    """The hot readings of these hours that lie in [low, high)."""
    lively = hours.take(hours.hot > 0)
    found = None
    if len(lively):
        lows, highs = np.maximum(lively.hour * HOUR, low), np.minimum((lively.hour + 1) * HOUR, high)
        wanted = {"servers": lively.server.tolist(), "lows": instants(lows), "highs": instants(highs)}
        found = await columns(connection, reads.hot_rows(question.custom), wanted)
    names = (*NAMES, *question.custom)
    if found is None:
        return HotRows(np.empty(0, np.int64), np.empty(0, np.int64), {name: np.empty(0) for name in names})
    server, ts, *values = found
    return HotRows(server, ts, dict(zip(names, values, strict=True)))


async def hours(connection: Connection, wanted: reads.Parameters) -> Hours | None:
    """Hours as `reads.HOURS` finds them: sealed or hot, in any order."""
    found = await columns(connection, reads.HOURS, wanted)
    if found is None:
        return None
    server, packed, low, high = found
    hour, count = hours_and_counts(packed)
    return Hours(server, hour, np.maximum(count, 0), np.maximum(-count, 0), low, high)


async def statistics(
    connection: Connection, question: Question, names: tuple[str, ...], first: int, last: int
) -> tuple[Int, Int, Int, dict[str, npt.NDArray[Any]]] | None:
    """Of the segments of hours first to last, both included: server, quantity, hour, and by name the count and these
    statistics; each (n,), by server, quantity and hour.
    """
    wanted = {
        "servers": question.servers.tolist(),
        "first": first,
        "last": last,
        "quantities": [question.quantities[name] for name in question.shown],
    }
    found = await columns(connection, reads.statistics(names), wanted)
    if found is None:
        return None
    server, quantity, packed, *values = found
    hour, count = hours_and_counts(packed)
    return server, quantity, hour, {"count": count, **dict(zip(names, values, strict=True))}


def key_of(server: Int, hour: Int) -> Int:
    """One number for each hour of a server, in the order of both."""
    # Hours fit 33 bits with their sign.
    return server * 2**33 + hour + 2**32


async def quarters(connection: Connection, hours: Hours) -> list[tuple[int, int, bytes]]:
    """Of these hours server, hour, and the statistics of its quarters, where there are any."""
    wanted = {"servers": hours.server.tolist(), "hours": hours.hour.tolist()}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(reads.QUARTERS, wanted)
        return await cursor.fetchall()


# The years 1 to 9999; a bound beyond them is none.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000


def instants(bounds: Int) -> list[str]:
    """Microseconds since 1970 as text that PostgreSQL reads as a timestamptz."""
    texts = np.datetime_as_string(np.clip(bounds, _FIRST, _LAST - 1).astype("datetime64[us]"), timezone="UTC")
    whole = np.where(bounds >= _LAST, "infinity", np.where(bounds < _FIRST, "-infinity", texts))
    listed: list[str] = whole.tolist()
    return listed
