"""Statements of the fleet.

Each costs a few index probes a server, however fast that server sends: of every interval one reading is looked up, not
all of them averaged. 200 servers at 10 Hz would be 1.8 million readings for their sparklines; so it is 6,000 probes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, and_, any_, bindparam, func, literal, select, true

from app.core.paging import Asked
from app.presence.tables import ServerActivity
from app.readings.quantities import NAMES
from app.readings.tables import HotReading, ServerQuantity
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


def samples(
    server_ids: Sequence[int], start: datetime, step: timedelta, count: int, *, spread: bool = False
) -> Select[Any]:
    """The first reading of each of `count` intervals of each server: server_id, number of the interval, values.

    `spread`: for tables that Citus spreads (see `readings.spread_queries`).
    """
    asked = (_of_tables if spread else _of_arrays)(server_ids, count)
    span: Any = bindparam("step", step)
    begins: Any = bindparam("start", start) + span.op("*", precedence=8)(asked.c.number)
    ends: Any = begins + span
    found = (
        select(*_VALUES)
        .where(and_(HotReading.server_id == asked.c.server_id, HotReading.ts >= begins, HotReading.ts < ends))
        .order_by(HotReading.ts)
        .limit(1)
        .lateral("sample")
    )
    return select(asked.c.server_id, asked.c.number, *found.c).select_from(asked.join(found, true()))


def _of_arrays(server_ids: Sequence[int], count: int) -> Any:
    """Each server with the number of each interval."""
    array = literal(list(server_ids), ARRAY(Integer))
    asked, number = func.unnest(array).table_valued("server_id").render_derived(), _numbers(count)
    return select(asked.c.server_id, number.c.number).select_from(asked.join(number, true())).subquery("asked")


def _of_tables(server_ids: Sequence[int], count: int) -> Any:
    number, array = _numbers(count), literal(list(server_ids), ARRAY(Integer))
    every = select(ServerQuantity.server_id, number.c.number).join(number, true())
    each = every.where(ServerQuantity.server_id == any_(array))
    return each.group_by(ServerQuantity.server_id, number.c.number).subquery("asked")


def _numbers(count: int) -> Any:
    return func.generate_series(0, count - 1).table_valued("number", name="interval_of").render_derived()
