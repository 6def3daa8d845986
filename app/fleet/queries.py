"""Statements of the fleet.

Each costs a few index probes a server, however fast that server sends: of every interval one reading is looked up, not
all of them averaged. 200 servers at 10 Hz would be 1.8 million readings for their sparklines; so it is 6,000 probes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, and_, bindparam, func, literal, select, true

from app.core.paging import Asked
from app.presence.tables import ServerActivity
from app.readings.quantities import NAMES
from app.readings.tables import HotReading
from app.servers.tables import Server

_VALUES = (*(getattr(HotReading, name) for name in NAMES), HotReading.extra)


def servers(workspace_id: int, asked: Asked) -> Select[Server, datetime]:
    """Servers by name, which is theirs alone in the workspace, with their last arrival."""
    statement = (
        select(Server, ServerActivity.last_arrival_at)
        .outerjoin(ServerActivity, ServerActivity.server_id == Server.server_id)
        .where(Server.workspace_id == workspace_id)
        .order_by(Server.name)
        .limit(asked.fetch)
    )
    key = asked.key(str)
    return statement.where(Server.name > key[0]) if key else statement


def clock() -> Select[Any]:
    """The database's clock."""
    return select(func.clock_timestamp())


def samples(server_ids: Sequence[int], start: datetime, step: timedelta, count: int) -> Select[Any]:
    """The first reading of each of `count` intervals of each server: server_id, number of the interval, values."""
    asked = _asked(server_ids)
    number = func.generate_series(0, count - 1).table_valued("number", name="interval_of").render_derived()
    begins: Any = bindparam("start", start) + bindparam("step", step) * number.c.number
    ends: Any = bindparam("start", start) + bindparam("step", step) * (number.c.number + 1)
    found = (
        select(*_VALUES)
        .where(and_(HotReading.server_id == asked.c.server_id, HotReading.ts >= begins, HotReading.ts < ends))
        .order_by(HotReading.ts)
        .limit(1)
        .lateral("sample")
    )
    columns = select(asked.c.server_id, number.c.number, *found.c)
    return columns.select_from(asked.join(number, true()).join(found, true()))


def _asked(server_ids: Sequence[int]) -> Any:
    array = literal(list(server_ids), ARRAY(Integer))
    return func.unnest(array).table_valued("server_id", name="asked").render_derived()
