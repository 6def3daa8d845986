"""Statements over readings. Constants are what SQLAlchemy Core cannot say; their column lists follow QUANTITIES."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, any_, func, literal, null, or_, select

from app.readings.tables import HotReading, ServerHistory
from app.servers.tables import Server

COPY_READINGS: LiteralString = (
    "COPY reading (server_id, ts, temperature, humidity, voltage, current) FROM STDIN (FORMAT BINARY)"
)
COPY_STAGING: LiteralString = (
    "COPY staging (server_id, ts, temperature, humidity, voltage, current) FROM STDIN (FORMAT BINARY)"
)
CREATE_STAGING: LiteralString = """
    CREATE TEMPORARY TABLE staging (
        server_id int, ts timestamptz, temperature float8, humidity float8, voltage float8, current float8
    ) ON COMMIT DELETE ROWS
"""
# The staging table has no statistics: without this the planner may read all of `reading` to join a few rows.
PLAN_BY_KEY: LiteralString = (
    "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
SELECT_STORED: LiteralString = """
    SELECT server_id, ts, known.temperature, known.humidity, known.voltage, known.current
    FROM staging JOIN reading AS known USING (server_id, ts)
"""
# Missing values fill in and the newest wins, a quantity at a time; a row that would not change is not rewritten.
MERGE_STAGING: LiteralString = """
    INSERT INTO reading AS known (server_id, ts, temperature, humidity, voltage, current)
    SELECT server_id, ts, temperature, humidity, voltage, current FROM staging ORDER BY server_id, ts
    ON CONFLICT (server_id, ts) DO UPDATE SET
        temperature = coalesce(excluded.temperature, known.temperature),
        humidity = coalesce(excluded.humidity, known.humidity),
        voltage = coalesce(excluded.voltage, known.voltage),
        current = coalesce(excluded.current, known.current)
    WHERE (known.temperature, known.humidity, known.voltage, known.current) IS DISTINCT FROM (
        coalesce(excluded.temperature, known.temperature), coalesce(excluded.humidity, known.humidity),
        coalesce(excluded.voltage, known.voltage), coalesce(excluded.current, known.current)
    )
"""
RAISE_HISTORY_VERSIONS: LiteralString = """
    INSERT INTO server_history AS known (server_id, version)
    SELECT server_id, 1 FROM unnest(%s::int[]) AS changed (server_id) ORDER BY server_id
    ON CONFLICT (server_id) DO UPDATE SET version = known.version + 1
"""


def servers_with_versions(workspace_id: int, ulids: Sequence[str]) -> Select[int, str, int]:
    """Number, ULID and history version of the asked servers, or of all of the workspace's."""
    statement = (
        select(Server.server_id, Server.server_ulid, func.coalesce(ServerHistory.version, 0))
        .outerjoin(ServerHistory, ServerHistory.server_id == Server.server_id)
        .where(Server.workspace_id == workspace_id)
        .order_by(Server.server_id)
    )
    return statement.where(Server.server_ulid.in_(ulids)) if ulids else statement


def raw(
    *, server_ids: Sequence[int], start: datetime | None, end: datetime | None, sensors: Sequence[str]
) -> Select[Any]:
    """Readings as stored, ascending: server_id, ts, then the sensors; only rows that have one of them."""
    columns = _sensor_columns(sensors)
    statement = select(HotReading.server_id, HotReading.ts, *columns)
    return statement.where(*_within(server_ids, start, end, columns)).order_by(HotReading.ts, HotReading.server_id)


def means(
    *,
    interval: str,
    by_server: bool,
    server_ids: Sequence[int],
    start: datetime | None,
    end: datetime | None,
    sensors: Sequence[str],
) -> Select[Any]:
    """The mean of each sensor an interval (UTC): server_id (null for all together), start of the interval, means."""
    columns = _sensor_columns(sensors)
    bucket = func.date_trunc(interval, HotReading.ts, "UTC").label("bucket")
    server: Any = HotReading.server_id if by_server else null()
    keys = [bucket, HotReading.server_id] if by_server else [bucket]
    statement = select(server, bucket, *(func.avg(column) for column in columns))
    return statement.where(*_within(server_ids, start, end, columns)).group_by(*keys).order_by(*keys)


def _sensor_columns(sensors: Sequence[str]) -> list[Any]:
    return [getattr(HotReading, name) for name in sensors]


def _within(
    server_ids: Sequence[int], start: datetime | None, end: datetime | None, columns: Sequence[Any]
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [HotReading.server_id == any_(literal(list(server_ids), ARRAY(Integer)))]
    if start is not None:
        conditions.append(HotReading.ts >= start)
    if end is not None:
        conditions.append(HotReading.ts <= end)
    conditions.append(or_(*(column.is_not(None) for column in columns)))
    return conditions
