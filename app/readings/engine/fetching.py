"""What the engine reads of PostgreSQL, within the snapshot of its caller: one round trip a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from app.core.copy import Connection
from app.readings import reads
from app.readings.engine.question import Float, Int, Question
from app.readings.packing import EPOCH
from app.readings.quantities import NAMES

# An array of PostgreSQL: dimensions, flags, type, then its length and lower bound.
_HEAD = 20
_KINDS = {"int4": (">i4", np.int64), "int8": (">i8", np.int64), "float8": (">f8", np.float64)}
_KINDS["timestamptz"] = _KINDS["int8"]


class _Raw(Loader):
    format = Format.BINARY
    kind = "int8"

    def load(self, data: Buffer) -> npt.NDArray[Any]:
        wire, native = _KINDS[self.kind]
        elements = np.frombuffer(data, np.dtype([("length", ">i4"), ("value", wire)]), offset=_HEAD)
        values: npt.NDArray[Any] = elements["value"].astype(native)
        return values + EPOCH if self.kind == "timestamptz" else values


def _loader(name: str) -> type[_Raw]:
    return type(f"_Raw_{name}", (_Raw,), {"kind": name})


_LOADERS = {psycopg.adapters.types[name].array_oid: _loader(name) for name in _KINDS}


async def arrays(
    connection: Connection, statement: LiteralString | sql.Composed, parameters: reads.Parameters
) -> tuple[npt.NDArray[Any], ...] | None:
    """The columns of a statement of `reads`; None where it found nothing."""
    async with psycopg.AsyncCursor(connection) as cursor:
        for oid, loader in _LOADERS.items():
            cursor.adapters.register_loader(oid, loader)
        await cursor.execute(statement, parameters, binary=True)
        row = await cursor.fetchone()
    return None if row is None or row[0] is None else tuple(row)


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


@dataclass(frozen=True, slots=True)
class Segments:
    """Encoded hours: (server, hour) → count and timestamps; (server, hour) → quantity → payload."""

    timestamps: dict[tuple[int, int], tuple[int, bytes]]
    payloads: dict[tuple[int, int], dict[int, bytes]]


@dataclass(frozen=True, slots=True)
class HotRows:
    """Hot readings (n,) by server and instant, NaN for absent."""

    server: Int
    ts: Int
    values: dict[str, Float]


async def timestamps_and_payloads(connection: Connection, question: Question, hours: Hours) -> Segments:
    """The segments of these hours, with the quantities that the question reads."""
    if not len(hours):
        return Segments({}, {})
    wanted = {
        "servers": hours.server.tolist(),
        "hours": hours.hour.tolist(),
        "quantities": list(question.quantities.values()),
    }
    async with psycopg.AsyncCursor(connection) as cursor:
        await cursor.execute(reads.TIMESTAMPS, wanted, binary=True)
        rows = await cursor.fetchall()
        timestamps = {(server, hour): (count, data) for server, hour, count, data in rows}
        payloads: dict[tuple[int, int], dict[int, bytes]] = {}
        if question.quantities:
            await cursor.execute(reads.PAYLOADS, wanted, binary=True)
            for server, hour, quantity, payload in await cursor.fetchall():
                payloads.setdefault((server, hour), {})[quantity] = payload
    return Segments(timestamps, payloads)


async def hot_rows(connection: Connection, question: Question, servers: Sequence[int], low: Int, high: Int) -> HotRows:
    """The hot readings of these servers between their own bounds, microseconds since 1970, half-open."""
    names = (*NAMES, *question.custom)
    if not servers:
        return HotRows(np.empty(0, np.int64), np.empty(0, np.int64), {})
    wanted = {"servers": list(servers), "lows": instants(low), "highs": instants(high)}
    found = await arrays(connection, reads.hot_rows(question.custom), wanted)
    if found is None:
        return HotRows(np.empty(0, np.int64), np.empty(0, np.int64), {name: np.empty(0) for name in names})
    server, ts, *values = found
    return HotRows(server, ts, dict(zip(names, values, strict=True)))


async def statistics(
    connection: Connection, question: Question, columns: Sequence[str], first: int, last: int
) -> tuple[npt.NDArray[Any], ...] | None:
    """Of the segments of hours first to last, both included: server, hour, quantity, count, and these columns; each
    (n,), in no order.
    """
    wanted = {
        "servers": question.servers.tolist(),
        "first": first,
        "last": last,
        "quantities": [question.quantities[name] for name in question.shown],
    }
    return await arrays(connection, reads.statistics(columns), wanted)


# The years 1 to 9999; a bound beyond them is none.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000


def instants(bounds: Int) -> list[str]:
    """Microseconds since 1970 as text that PostgreSQL reads as a timestamptz."""
    texts = np.datetime_as_string(np.clip(bounds, _FIRST, _LAST - 1).astype("datetime64[us]"), timezone="UTC")
    whole = np.where(bounds >= _LAST, "infinity", np.where(bounds < _FIRST, "-infinity", texts))
    listed: list[str] = whole.tolist()
    return listed
