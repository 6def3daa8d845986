"""Statements of presence. All times are the database's, so that the clocks of several API machines don't matter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from sqlalchemy import ARRAY, DateTime, Select, column, func, literal, select

from app.core.paging import Asked, instant_of
from app.presence import beats
from app.presence.tables import PlatformOutage, PresenceInterval, ServerActivity
from app.servers.tables import Server


def presence(workspace_id: int, offline_after_seconds: int, server_id: int | None = None) -> Any:
    """Name, last arrival and whether that is recent enough, for one server or all of the workspace."""
    limit = func.coalesce(Server.offline_after_seconds, offline_after_seconds)
    age = func.clock_timestamp() - ServerActivity.last_arrival_at
    statement = (
        select(
            Server.server_ulid,
            Server.name,
            ServerActivity.last_arrival_at,
            (age <= func.make_interval(0, 0, 0, 0, 0, 0, limit)).label("online"),
        )
        .outerjoin(ServerActivity, ServerActivity.server_id == Server.server_id)
        .where(Server.workspace_id == workspace_id)
        .order_by(Server.name)
    )
    return statement if server_id is None else statement.where(Server.server_id == server_id)


Outage = tuple[datetime, datetime]


def intervals(
    server_id: int, start: datetime | None, end: datetime | None, asked: Asked, outages: Sequence[Outage] | None = None
) -> Select[Any]:
    """A server's intervals that touch [start, end], newest first, each with its seconds and those of ingest's outages.

    The interval that goes on reaches until now. `outages`, all of them, are for tables that Citus spreads: it does not
    look into a table of the coordinator's for each row of a node's.
    """
    until = func.coalesce(PresenceInterval.ended_at, func.now())
    statement = (
        select(
            PresenceInterval.status,
            PresenceInterval.started_at,
            PresenceInterval.ended_at,
            func.extract("epoch", until - PresenceInterval.started_at).label("seconds"),
            _seconds_of_outages(until, outages).label("outage_seconds"),
        )
        .where(PresenceInterval.server_id == server_id)
        .order_by(PresenceInterval.started_at.desc())
        .limit(asked.fetch)
    )
    if start is not None:
        statement = statement.where(until >= start)
    if end is not None:
        statement = statement.where(PresenceInterval.started_at <= end)
    if key := asked.key(int):
        statement = statement.where(PresenceInterval.started_at < instant_of(key[0]))
    return statement


def outages() -> Select[datetime, datetime]:
    """Every outage of ingest that is kept; a handful a year."""
    return select(PlatformOutage.started_at, PlatformOutage.ended_at).where(PlatformOutage.part == beats.INGEST)


def _seconds_of_outages(until: Any, known: Sequence[Outage] | None) -> Any:
    out: Any = outages().subquery() if known is None else _listed(known)
    overlap = func.least(out.c.ended_at, until) - func.greatest(out.c.started_at, PresenceInterval.started_at)
    return (
        select(func.coalesce(func.sum(func.extract("epoch", overlap)), 0))
        .where(out.c.started_at < until, out.c.ended_at > PresenceInterval.started_at)
        .correlate(PresenceInterval)
        .scalar_subquery()
    )


def _listed(known: Sequence[Outage]) -> Any:
    starts, ends = (literal([pair[place] for pair in known], ARRAY(DateTime(timezone=True))) for place in (0, 1))
    columns = column("started_at", DateTime(timezone=True)), column("ended_at", DateTime(timezone=True))
    return func.unnest(starts, ends).table_valued(*columns, name="outage").render_derived()


# Sorted, so that two processes lock the rows in the same order; a later arrival is never overwritten by an earlier one.
RECORD_ARRIVALS: LiteralString = """
    INSERT INTO server_activity AS known (server_id, last_arrival_at)
    SELECT server_id, clock_timestamp() - make_interval(secs => age)
    FROM unnest(%s::int[], %s::float8[]) AS arrival (server_id, age)
    ORDER BY server_id
    ON CONFLICT (server_id) DO UPDATE
    SET last_arrival_at = greatest(known.last_arrival_at, excluded.last_arrival_at)
"""
# One row a server and hour; sorted, as above. The hour is the database's, as every time of an arrival.
COUNT_ARRIVALS = """
    INSERT INTO server_arrivals AS known
        (server_id, hour, received, duplicates, rejected, late, least_lag, largest_lag, lags)
    SELECT server_id, floor(extract(epoch FROM now()) / 3600)::int, received, duplicates, rejected, late,
           least_lag, largest_lag, lags
    FROM unnest(%s::int[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::float8[])
        AS came (server_id, received, duplicates, rejected, late, least_lag, largest_lag, lags)
    ORDER BY server_id
    ON CONFLICT (server_id, hour) DO UPDATE SET
        received = known.received + excluded.received, duplicates = known.duplicates + excluded.duplicates,
        rejected = known.rejected + excluded.rejected, late = known.late + excluded.late,
        least_lag = least(known.least_lag, excluded.least_lag),
        largest_lag = greatest(known.largest_lag, excluded.largest_lag), lags = known.lags + excluded.lags
"""
