"""The newest stored value of each quantity of each server, hot or sealed, in one state of the database."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from app.core.clock import from_microseconds
from app.core.copy import Connection
from app.core.db import Database
from app.readings import latest_queries as queries
from app.readings.forms import forms
from app.readings.quantities import ID_OF_NAME, NAMES, no_such_quantity
from app.readings.segments import decode_timestamps, decode_values, start_of
from app.servers.errors import NoSuchServer
from app.servers.service import canonical_ulid

_encode = msgspec.json.Encoder().encode

Value = tuple[datetime, float]
Values = dict[int, dict[str, Value]]
"""By server number and quantity: when it was measured and what."""
Column = tuple[int, int, int]
"""Server number, hour and number of the quantity."""

# What is put together of so many servers takes a thread some 30 ms, and PostgreSQL 60.
SERVERS_AT_ONCE = 2000


async def latest(
    database: Database, workspace_id: int, server_ulids: Sequence[str], sensor_types: Sequence[str]
) -> bytes:
    """The JSON array of servers by name with their newest values. Raises: NoSuchServer, Invalid."""
    async with database.snapshot(workspace_id) as connection:
        servers = await asked_servers(connection, workspace_id, server_ulids)
        numbers = await asked_quantities(connection, workspace_id, sensor_types)
        found: Values = {}
        for start in range(0, len(servers), SERVERS_AT_ONCE):
            found |= await newest(connection, list(servers)[start : start + SERVERS_AT_ONCE], numbers)
    return await asyncio.to_thread(_document, servers, numbers, found, bool(sensor_types))


def _document(servers: Mapping[int, tuple[str, str]], numbers: Iterable[str], found: Values, only_with: bool) -> bytes:
    documents = [
        {
            "server_ulid": ulid,
            "server_name": name,
            "values": {
                quantity: {"timestamp": values[quantity][0], "value": values[quantity][1]}
                for quantity in numbers
                if quantity in values
            },
        }
        for server_id, (ulid, name) in servers.items()
        if (values := found.get(server_id, {})) or not only_with
    ]
    return _encode(documents)


async def asked_servers(
    connection: Connection, workspace_id: int, server_ulids: Sequence[str]
) -> dict[int, tuple[str, str]]:
    """ULID and name by number of the asked servers, or all of the workspace's. Raises: NoSuchServer."""
    wanted = {canonical_ulid(text): text for text in server_ulids}
    if None in wanted:
        raise NoSuchServer(wanted[None])
    parameters = {"workspace": workspace_id, "ulids": list(wanted) or None}
    rows = await (await connection.execute(queries.SELECT_SERVERS, parameters)).fetchall()
    for missing in sorted(set(wanted.values()) - {wanted.get(ulid) for _, ulid, _ in rows}):
        raise NoSuchServer(missing)
    return {server_id: (ulid, name) for server_id, ulid, name in rows}


async def asked_quantities(connection: Connection, workspace_id: int, sensor_types: Sequence[str]) -> dict[str, int]:
    """Numbers by name of the asked quantities, or all that the workspace has. Raises: Invalid."""
    rows = await (await connection.execute(queries.SELECT_CUSTOM, (workspace_id,))).fetchall()
    known = ID_OF_NAME | dict(rows)
    for position, name in enumerate(sensor_types):
        if name not in known:
            raise no_such_quantity(("query", "sensor_type", position), known)
    return {name: number for name, number in known.items() if not sensor_types or name in sensor_types}


async def newest(connection: Connection, server_ids: list[int], numbers: Mapping[str, int]) -> Values:
    """The newest value of each of these quantities, with its instant, of each server; silent ones have none."""
    found: Values = defaultdict(dict)
    for server_id, ts, *known, extra in await _all(connection, queries.newest(forms(connection).asked), server_ids):
        row = dict(zip(NAMES, known, strict=True)) | (extra or {})
        found[server_id] = {name: (ts, row[name]) for name in numbers if row.get(name) is not None}
    await _add_hot(connection, server_ids, numbers, found)
    await _add_sealed(connection, server_ids, {number: name for name, number in numbers.items()}, found)
    return found


async def _add_hot(connection: Connection, server_ids: list[int], numbers: Mapping[str, int], found: Values) -> None:
    """Quantities that the newest reading lacks, of hot readings before it."""
    lacking: dict[str, list[int]] = defaultdict(list)
    for server_id, name in await _all(connection, queries.SELECT_SENT, server_ids):
        if name in numbers and server_id in found and name not in found[server_id]:
            lacking[name].append(server_id)
    asked = forms(connection).asked
    for name, lacked in lacking.items():
        for server_id, ts, value in await _all(connection, queries.newest_with(name, asked), lacked):
            found[server_id][name] = (ts, value)


async def _add_sealed(connection: Connection, server_ids: list[int], names: Mapping[int, str], found: Values) -> None:
    """Sealed values that are newer than the hot ones; at the same instant the hot one is."""
    wanted = {"servers": _text(server_ids), "numbers": _text(names)}
    rows = await (await connection.execute(forms(connection).sealed, wanted)).fetchall()
    candidates = await asyncio.to_thread(_candidates, rows, names, found)
    if not candidates:
        return
    ends = await _all(connection, forms(connection).ends, *_columns({(server, hour) for server, hour, _ in candidates}))
    unclear = await asyncio.to_thread(_take_clear, candidates, ends, names, found)
    if unclear:
        cells = await _all(connection, queries.SELECT_CELLS, *_columns(unclear))
        for server_id, number, newest in await asyncio.to_thread(_last_values, cells):
            _take_newer(found[server_id], names[number], newest)


def _candidates(rows: Iterable[Any], names: Mapping[int, str], found: Values) -> dict[Column, tuple[float, int]]:
    """Last value and count of the newest sealed hours that no hot value is behind."""
    candidates = {}
    for server_id, number, hour, value, count in rows:
        name = names.get(number)
        hot = found[server_id].get(name) if name else None
        if name and not (hot and hot[0] >= from_microseconds(start_of(hour + 1))):
            candidates[server_id, hour, number] = (value, count)
    return candidates


def _take_clear(
    candidates: Mapping[Column, tuple[float, int]], ends: Iterable[Any], names: Mapping[int, str], found: Values
) -> list[Column]:
    """Take the last values of quantities that all readings of their hour have; the others are given back."""
    last = {(server_id, hour): (count, ts) for server_id, hour, count, ts in ends}
    unclear = []
    for (server_id, hour, number), (value, count) in candidates.items():
        readings, ts = last[server_id, hour]
        if count == readings:
            _take_newer(found[server_id], names[number], (ts, value))
        else:
            unclear.append((server_id, hour, number))
    return unclear


def _take_newer(values: dict[str, Value], name: str, sealed: Value) -> None:
    if name not in values or values[name][0] < sealed[0]:
        values[name] = sealed


def _last_values(cells: Sequence[tuple[int, int, bytes, bytes]]) -> list[tuple[int, int, Value]]:
    """Of each hour the last value of a quantity that not all of its readings have."""
    found = []
    for server_id, number, timestamps, payload in cells:
        ts = decode_timestamps(timestamps)
        values = decode_values(payload, len(ts))
        position = int(np.flatnonzero(~np.isnan(values))[-1])
        found.append((server_id, number, (from_microseconds(int(ts[position])), float(values[position]))))
    return found


def _columns(rows: Iterable[tuple[int, ...]]) -> list[list[int]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def _all(connection: Connection, statement: Any, *arrays: list[int]) -> list[Any]:
    return await (await connection.execute(statement, [_text(array) for array in arrays])).fetchall()


def _text(numbers: Iterable[int]) -> str:
    # psycopg takes 15 ms to write an array of 10,000 numbers.
    return "{" + ",".join(map(str, numbers)) + "}"
