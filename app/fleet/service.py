"""The fleet: presence, last values and sparklines of a page of servers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.core.db import Database, ReadSession, nature_of
from app.core.paging import Asked, Page
from app.fleet import queries
from app.fleet.schemas import Fleet, FleetServer, State
from app.readings import latest
from app.readings.quantities import NAMES

# A quarter of an hour: what an operator who has just been called wants to see of each server.
SPARKLINE_STEP = timedelta(seconds=30)
SPARKLINE_POINTS = 30
# A server that is silent for more than this share of its limit is about to be missed.
LATE_SHARE = 0.5

Values = dict[str, float]


async def fleet(
    database: Database, workspace_id: int, default_limit_seconds: int, asked: Asked
) -> tuple[Fleet, Page[FleetServer]]:
    """A page of servers by name, with the page's place in the list."""
    async with database.read(workspace_id) as session:
        now: datetime = (await session.execute(queries.clock())).scalar_one()
        rows = (await session.execute(queries.servers(workspace_id, asked))).all()
        page = asked.cut(rows, lambda row: (row.Server.name,))
        numbers = [row.Server.server_id for row in page.items]
        sparklines = await _sparklines(session, numbers, now)
    newest = await _newest(database, workspace_id, numbers)

    def read(row: Any) -> FleetServer:
        return _read(row, now, default_limit_seconds, newest, sparklines)

    shown = page.map(read)
    return Fleet(now=now, sparkline_seconds=SPARKLINE_STEP.total_seconds(), servers=shown.items), shown


def state_of(silence_seconds: float | None, limit_seconds: int) -> State:
    """The state of a server after so much silence; None: it has never sent."""
    if silence_seconds is None or silence_seconds > limit_seconds:
        return "offline"
    return "late" if silence_seconds > LATE_SHARE * limit_seconds else "online"


def _read(
    row: Any, now: datetime, default_limit: int, newest: latest.Values, sparklines: dict[int, Any]
) -> FleetServer:
    server, seen = row.Server, row.last_arrival_at
    limit = server.offline_after_seconds or default_limit
    values = newest.get(server.server_id, {})
    return FleetServer(
        server_ulid=server.server_ulid,
        server_name=server.name,
        tags=server.tags,
        state=state_of((now - seen).total_seconds() if seen else None, limit),
        last_seen=seen,
        offline_after_seconds=limit,
        measured_at=max((moment for moment, _ in values.values()), default=None),
        values={name: value for name, (_, value) in values.items()},
        sparklines=sparklines.get(server.server_id, {}),
    )


async def _newest(database: Database, workspace_id: int, numbers: list[int]) -> latest.Values:
    async with database.snapshot(workspace_id) as connection:
        quantities = await latest.asked_quantities(connection, workspace_id, ())
        # Its compiling takes longer than what it compiles.
        await connection.execute("SET LOCAL jit = off")
        return await latest.newest(connection, numbers, quantities)


async def _sparklines(session: ReadSession, numbers: Sequence[int], now: datetime) -> dict[int, Any]:
    step, spread = SPARKLINE_STEP.total_seconds(), nature_of(session).is_spread
    # Whole steps since 1970, so that the same readings stand for an interval however often one asks.
    end = (now.timestamp() // step + 1) * step
    start = datetime.fromtimestamp(end - step * SPARKLINE_POINTS, now.tzinfo)
    lines: dict[int, dict[str, list[float | None]]] = defaultdict(dict)
    rows = await session.execute(queries.samples(numbers, start, SPARKLINE_STEP, SPARKLINE_POINTS, spread=spread))
    for server_id, interval, *columns in rows:
        for name, value in _values(columns).items():
            lines[server_id].setdefault(name, [None] * SPARKLINE_POINTS)[interval] = value
    return lines


def _values(columns: Sequence[Any]) -> Values:
    *known, extra = columns
    values = {name: value for name, value in zip(NAMES, known, strict=True) if value is not None}
    return values | (extra or {})
