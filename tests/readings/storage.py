"""What stands in storage, hot rows over segments, as a plain dictionary; and servers to store for."""

import secrets
from collections.abc import Sequence

import numpy as np

from app.core.clock import to_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import Database
from app.readings import sealed
from app.readings.cells import Cells, cells_of
from app.readings.quantities import NAMES
from app.readings.queries import insert_quantities
from app.readings.rows import Rows
from app.servers import service as servers

State = dict[tuple[int, int], dict[str, float]]

_HOT = "SELECT server_id, ts, temperature, humidity, voltage, current, extra FROM reading WHERE server_id = ANY(%s)"
_CELLS = "SELECT server_id, hour FROM segment WHERE server_id = ANY(%s)"


async def workspace_of(database: Database, username: str) -> int:
    """The number of somebody's workspace."""
    async with database.write() as session:
        found = await (await session.connection()).exec_driver_sql(
            "SELECT workspace_id FROM membership JOIN user_account USING (user_id) WHERE username = %s", (username,)
        )
        return int(found.scalar_one())


async def new_servers(database: Database, workspace_id: int, count: int, custom: Sequence[str] = ()) -> list[int]:
    """Numbers of new servers of a workspace, which has these custom quantities, too."""
    async with database.write(workspace_id) as session:
        if custom:
            await session.execute(insert_quantities(workspace_id, custom))
        names = [f"stored-{secrets.token_hex(8)}" for _ in range(count)]
        return sorted((await servers.ensure(session, workspace_id, names)).values())


async def snapshot(connection: Connection, server_ids: Sequence[int]) -> tuple[State, State]:
    """Hot rows and sealed readings of these servers, within the caller's transaction."""
    hot: State = {}
    for server_id, ts, *known, extra in await _rows(connection, _HOT, server_ids):
        values = dict(zip(NAMES, known, strict=True)) | (extra or {})
        hot[server_id, to_microseconds(ts)] = {name: value for name, value in values.items() if value is not None}
    cells = cells_of(await _rows(connection, _CELLS, server_ids))
    return hot, state_of(await read(connection, cells))


async def read(connection: Connection, cells: Cells) -> list[Rows]:
    return list((await sealed.read(connection, cells, await sealed.numbers_of(connection, cells))).values())


async def stored(writer: WriterConnection, server_ids: Sequence[int]) -> State:
    """What a reader sees of these servers now, from one snapshot."""
    async with writer.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        hot, state = await snapshot(connection, server_ids)
    for key, values in hot.items():
        state[key] = state.get(key, {}) | values
    return state


def state_of(parts: Sequence[Rows]) -> State:
    state: State = {}
    for rows in parts:
        assert (np.diff(rows.ts) > 0).all()
        for reading in map(rows.reading, range(len(rows))):
            state[reading.server_id, reading.ts] = reading.values
    return state


async def _rows(connection: Connection, statement: str, server_ids: Sequence[int]) -> list[tuple]:  # type: ignore[type-arg]
    return await (await connection.execute(statement, (list(server_ids),))).fetchall()  # type: ignore[arg-type]
