"""Readings of servers as they come from the field, one a second, for what is measured over history."""

import io

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from app.readings.rows import Rows, concatenate
from app.readings.segments import HOUR

SECOND = 1_000_000
# Hours that begin a while ago: nothing of them stays hot.
FIRST_HOUR = 480_000


def instants(first: int, count: int, jitter_ms: int, chance: np.random.Generator) -> npt.NDArray[np.int64]:
    """One a second from `first` on, in whole milliseconds: a clock that is off by up to 3 ms, or late by up to 900."""
    off = chance.integers(-3, 4, count) if jitter_ms == 3 else chance.integers(0, jitter_ms + 1, count)
    return first + SECOND * np.arange(1, count + 1, dtype=np.int64) + 1000 * off


def values(count: int, chance: np.random.Generator) -> dict[str, npt.NDArray[np.float64]]:
    """Four quantities with one or two decimals: a slow room, a noisy mains."""
    day = np.arange(count) * (2 * np.pi / 86_400)
    return {
        "temperature": np.round(24 + 3 * np.sin(day) + np.cumsum(chance.normal(0, 0.002, count)), 1),
        "humidity": np.round(50 - 6 * np.sin(day) + np.cumsum(chance.normal(0, 0.004, count)), 1),
        "voltage": np.round(220 + 2 * np.sin(day) + chance.normal(0, 0.5, count), 1),
        "current": np.round(1.4 + chance.normal(0, 0.02, count), 2),
    }


def server_rows(server_id: int, first_hour: int, hours: int, jitter_ms: int) -> Rows:
    """So many hours of one server, but for the last second."""
    chance = np.random.default_rng((server_id, first_hour))
    count = 3600 * hours - 1
    ts = instants(first_hour * HOUR, count, jitter_ms, chance)
    return Rows(np.full(count, server_id), ts, values(count, chance))


def fleet(server_ids: list[int], first_hour: int, hours: int, jitter_ms: int) -> Rows:
    """The same of several servers, one behind the other."""
    return concatenate([server_rows(server_id, first_hour, hours, jitter_ms) for server_id in server_ids])


def table(rows: Rows, ulids: dict[int, str]) -> pa.Table:
    """As a file holds them, in the order of time, as an export of a fleet is."""
    rows = rows.take(np.argsort(rows.ts, kind="stable"))
    numbers, positions = np.unique(rows.server, return_inverse=True)
    names = pa.array([ulids[number] for number in numbers.tolist()])
    servers = pa.DictionaryArray.from_arrays(pa.array(positions, pa.int32()), names)
    return pa.table({"server_ulid": servers, "timestamp": pa.array(rows.ts, pa.timestamp("us", "UTC")), **rows.values})


def parquet(readings: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(readings, sink)
    return sink.getvalue()


def arrow(readings: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, readings.schema) as writer:
        writer.write_table(readings, max_chunksize=65_536)
    return sink.getvalue()
