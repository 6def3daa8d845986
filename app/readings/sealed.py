"""Sealed readings: the one way in which segments are written.

Whoever writes them (sealer, import, delete, retention, repair) does so in one transaction at READ COMMITTED: lock the
cells in ascending order, let their hot rows leave by `DELETE … RETURNING`, so that exactly those that leave are folded
in, read what is stored, merge, write. A reading that commits a moment later stays hot, as a late one; a kill anywhere
changes nothing. A value's rank is its arrival: segment < hot row < what this transaction brings.
"""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.core.copy import Connection, copy_in
from app.readings import segment_queries as queries
from app.readings.aside import aside
from app.readings.cells import Cell, Cells, cells_of, in_key_order, split
from app.readings.merging import merge
from app.readings.packing import EPOCH
from app.readings.quantities import ID_OF_NAME, NAMES
from app.readings.queries import PLAN_BY_KEY
from app.readings.rows import EMPTY, Float, Rows, concatenate
from app.readings.segments import Encoded, decode_timestamps, decode_values, encode
from app.readings.waiting import Counts, counts

# A row of each table in binary COPY: how many fields, then the length and the bytes of each.
_SEGMENT = struct.Struct(">hiiiiiiiqiqi")
_NULL = struct.pack(">i", -1)
# What is encoded in two threads: loads of an import, which nobody waits for. A slice of the sealer and a batch of
# `POST /data`, beside which live readings come in, are smaller.
TWO_THREADS_ROWS = 250_000
_COLUMN = struct.Struct(">hiiiiiiii" + "id" * 6 + "i")

Numbers = Mapping[int, Mapping[str, int]]
"""Of servers that exist, the numbers of their quantities by name."""


class UnknownQuantity(Exception):
    """A hot row holds a quantity that its workspace never registered; sealing the row would lose it."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold did: what became of the readings it brought, how many hot rows left, how many segments it wrote."""

    counts: Counts = field(default_factory=Counts)
    hot: int = 0
    segments: int = 0


async def fold(connection: Connection, cells: Cells, incoming: Rows = EMPTY, most: int = 0) -> Folded:
    """Seal the hot rows of these cells together with the `incoming` readings, all of them in these cells, within the
    caller's transaction, which has locked the cells. A server that is gone gets nothing.

    Of hours without a gap no more than `most` hot rows, the oldest, if it is not 0.

    Raises: UnknownQuantity.
    """
    numbers = await numbers_of(connection, cells)
    cells = cells.take(np.isin(cells.server, list(numbers)))
    if not len(cells):
        return Folded()
    hot = await take_hot(connection, cells, numbers, most)
    stored = await read(connection, cells, numbers)
    count = len(hot) + len(incoming)
    changed, total = await aside(count, lambda: _merge(stored, hot, incoming, list(numbers)))
    await write(connection, cells_of([cell for cell in changed if cell in stored]), changed, numbers)
    return Folded(total, len(hot), len(changed))


async def numbers_of(connection: Connection, cells: Cells) -> Numbers:
    """The quantities of these servers; a server that is gone is left out."""
    cursor = await connection.execute(queries.SELECT_QUANTITIES, (np.unique(cells.server).tolist(),))
    found: dict[int, dict[str, int]] = {}
    for server_id, name, quantity_id in await cursor.fetchall():
        numbers = found.setdefault(server_id, dict(ID_OF_NAME))
        if name is not None:
            numbers[name] = quantity_id
    return found


async def lock(connection: Connection, cells: Cells) -> None:
    """Keep these cells to this transaction; who writes segments waits here for others who do."""
    await connection.execute(queries.LOCK_CELLS, cells.arrays())


async def try_lock(connection: Connection, cells: Cells) -> list[bool]:
    """Which of these cells are this transaction's now; waits for nobody."""
    await connection.execute(PLAN_BY_KEY)
    cursor = await connection.execute(queries.TRY_LOCK_CELLS, cells.arrays())
    return [locked for (locked,) in await cursor.fetchall()]


async def take_hot(connection: Connection, cells: Cells, numbers: Numbers, most: int) -> Rows:
    """Delete the hot rows of locked cells, and give them in key order. Raises: UnknownQuantity."""
    custom = sorted({name for names in numbers.values() for name in names} - ID_OF_NAME.keys())
    cursor = connection.cursor(binary=True)
    await cursor.execute(queries.take_hot(cells.runs(), custom, most))
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return EMPTY
    server, ts, *values, other = row
    if np.frombuffer(other, ">f8").any():
        raise UnknownQuantity(f"among the hot rows of servers {np.unique(cells.server).tolist()}")
    columns = {name: _column(packed, ">f8", np.float64) for name, packed in zip((*NAMES, *custom), values, strict=True)}
    return in_key_order(Rows(_column(server, ">i4", np.int64), _column(ts, ">i8", np.int64) + EPOCH, columns))


async def read(connection: Connection, cells: Cells, numbers: Numbers) -> dict[Cell, Rows]:
    """The sealed readings of these cells, where there are any."""
    timestamps = await read_timestamps(connection, cells)
    if not timestamps:
        return {}
    cursor = connection.cursor(binary=True)
    await cursor.execute(queries.SELECT_PAYLOADS, cells.arrays())
    payloads: dict[Cell, dict[int, bytes]] = {cell: {} for cell in timestamps}
    for server_id, hour, quantity_id, payload in await cursor.fetchall():
        payloads[server_id, hour][quantity_id] = payload
    return await asyncio.to_thread(_decode, timestamps, payloads, numbers)


async def read_timestamps(connection: Connection, cells: Cells) -> dict[Cell, bytes]:
    """The instants of these cells, encoded, where they are sealed."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(queries.SELECT_TIMESTAMPS, cells.arrays())
    return {(server_id, hour): encoded for server_id, hour, encoded in await cursor.fetchall()}


async def write(connection: Connection, old: Cells, new: Mapping[Cell, Rows], numbers: Numbers) -> None:
    """Put `new`, readings in key order, in the place of the segments of `old`, within the locks of both."""
    if len(old):
        for statement in (queries.DELETE_SEGMENTS, queries.DELETE_COLUMNS):
            await connection.execute(statement, old.arrays())
    if new:
        segments, columns = zip(*await _packed(new, numbers), strict=True)
        await copy_in(connection, queries.COPY_SEGMENTS, b"".join(segments))
        await copy_in(connection, queries.COPY_COLUMNS, b"".join(columns))


async def _packed(new: Mapping[Cell, Rows], numbers: Numbers) -> list[tuple[bytes, bytes]]:
    """Rows of both tables, of much at once in two threads."""
    count = sum(map(len, new.values()))
    if count < TWO_THREADS_ROWS:
        return [await aside(count, lambda: _pack(new, numbers))]
    cells, middle = list(new.items()), len(new) // 2
    halves = (dict(cells[:middle]), dict(cells[middle:]))
    return await asyncio.gather(*(asyncio.to_thread(_pack, half, numbers) for half in halves))


def _column(packed: bytes, kind: str, native: type[np.generic]) -> Any:
    """A column as PostgreSQL sends it, in the byte order of this machine."""
    return np.frombuffer(packed, kind).astype(native)


def _merge(
    stored: Mapping[Cell, Rows], hot: Rows, incoming: Rows, servers: Sequence[int]
) -> tuple[dict[Cell, Rows], Counts]:
    """The cells that differ from their segments afterwards, and what became of these servers' incoming readings."""
    incoming = in_key_order(incoming)
    first = np.append(True, incoming.server[1:] != incoming.server[:-1])[: len(incoming)]
    if not np.isin(incoming.server[first], servers).all():
        incoming = incoming.take(np.isin(incoming.server, servers))
    changed: dict[Cell, Rows] = {}
    for cell, rows in split(hot):
        merged, outcome = _merge_cell(stored.get(cell), rows)
        if outcome.accepted or outcome.updated:
            changed[cell] = merged
    total = Counts()
    for cell, rows in split(incoming):
        merged, outcome = _merge_cell(changed.get(cell, stored.get(cell)), rows)
        total += outcome
        if outcome.accepted or outcome.updated:
            changed[cell] = merged
    return changed, total


def _merge_cell(before: Rows | None, rows: Rows) -> tuple[Rows, Counts]:
    # Nearly every hour is sealed once, or goes on where it ended, and its readings are in order: that needs no merge.
    if (before is None or before.ts[-1] < rows.ts[0]) and (np.diff(rows.ts) > 0).all():
        return rows if before is None else concatenate([before, rows]), Counts(accepted=len(rows))
    merged = merge(EMPTY if before is None else before, rows)
    return merged.final, counts(merged, len(rows))


def _decode(
    timestamps: Mapping[Cell, bytes], payloads: Mapping[Cell, Mapping[int, bytes]], numbers: Numbers
) -> dict[Cell, Rows]:
    decoded = {}
    for (server_id, hour), encoded in timestamps.items():
        ts = decode_timestamps(encoded)
        names = {quantity_id: name for name, quantity_id in numbers[server_id].items()}
        columns = payloads[server_id, hour].items()
        values = {names[quantity_id]: decode_values(payload, len(ts)) for quantity_id, payload in columns}
        decoded[server_id, hour] = Rows(np.full(len(ts), server_id), ts, values)
    return decoded


def _pack(hours: Mapping[Cell, Rows], numbers: Numbers) -> tuple[bytes, bytes]:
    """Rows of both tables in binary COPY."""
    segments, columns = [], []
    for (server_id, hour), rows in hours.items():
        encoded = encode(hour, rows.ts, _by_number(rows, numbers[server_id]))
        segments.append(_pack_segment(server_id, encoded))
        columns.append(_pack_columns(server_id, encoded))
    return b"".join(segments), b"".join(columns)


def _by_number(rows: Rows, numbers: Mapping[str, int]) -> dict[int, Float]:
    unknown = [name for name, column in rows.values.items() if name not in numbers and not np.isnan(column).all()]
    if unknown:
        raise UnknownQuantity(f"{unknown[0]} of server {rows.server[0]}")
    return {numbers[name]: column for name, column in rows.values.items() if name in numbers}


def _pack_segment(server_id: int, encoded: Encoded) -> bytes:
    first, last = encoded.first_ts - EPOCH, encoded.last_ts - EPOCH
    lengths_and_values = (4, server_id, 4, encoded.hour, 4, encoded.count, 8, first, 8, last, len(encoded.timestamps))
    packed = _SEGMENT.pack(7, *lengths_and_values) + encoded.timestamps
    if encoded.quarters is None:
        return packed + _NULL
    return packed + struct.pack(">i", len(encoded.quarters)) + encoded.quarters


def _pack_columns(server_id: int, encoded: Encoded) -> bytes:
    packed = []
    for column in encoded.columns:
        of = column.statistics
        key = (4, server_id, 4, encoded.hour, 4, column.quantity_id, 4, of.count)
        numbers = (field for value in (of.sum, of.m2, of.min, of.max, of.first, of.last) for field in (8, value))
        packed += [_COLUMN.pack(11, *key, *numbers, len(column.payload)), column.payload]
    return b"".join(packed)
