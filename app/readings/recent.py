"""New hot readings of many servers, for whoever follows them: each server's from where it was left."""

from collections.abc import Sequence
from functools import lru_cache
from typing import LiteralString

import numpy as np
import numpy.typing as npt
from psycopg import sql

from app.core.copy import Connection
from app.core.nature import is_spread
from app.readings import spread_queries
from app.readings.engine import fetching
from app.readings.quantities import NAMES
from app.readings.reads import Packed, packed
from app.readings.rows import EMPTY, Rows

Int = npt.NDArray[np.int64]

# Read at once; some 30 MB of memory and a quarter of a second. A server that was away sends hours at once, and is
# followed in steps, so that it holds up no other.
MAX_READINGS = 200_000
LEAST_EACH = 20
# A clock may run ahead by so much; what lies further ahead is looked at when its time comes.
AHEAD_SECONDS = 5

_LEFT_AT: LiteralString = "unnest(%(servers)s::int[], %(after)s::int8[]) AS wanted (server_id, after)"
_SINCE: LiteralString = """(
        SELECT found.*
        FROM {wanted}
        CROSS JOIN LATERAL (
            SELECT * FROM reading
            WHERE server_id = wanted.server_id
              AND ts > 'epoch'::timestamptz + wanted.after * interval '1 microsecond'
              AND ts <= now() + make_interval(secs => %(ahead)s)
            ORDER BY ts LIMIT %(limit)s
        ) AS found
        ORDER BY server_id, ts
    ) AS hot
"""
# Two things tell of readings that came late: behind what had been read at `horizon`, rows of transactions that had not
# ended then; between there and what has been read by now, more rows than were. A row's xmin has 32 bits; what lies half
# of them behind counts as earlier.
_LATE: LiteralString = """(
        SELECT wanted.server_id,
               coalesce((extract(epoch FROM min(ts) FILTER (
                   WHERE ts <= 'epoch'::timestamptz + wanted.until * interval '1 microsecond')) * 1000000)::int8, -1)
                   AS earliest,
               count(*) FILTER (WHERE ts > 'epoch'::timestamptz + wanted.until * interval '1 microsecond') AS count
        FROM unnest(%(servers)s::int[], %(after)s::int8[], %(until)s::int8[], %(now)s::int8[], %(horizon)s::int8[])
                 AS wanted (server_id, after, until, now, horizon)
        JOIN reading ON reading.server_id = wanted.server_id
             AND ts > 'epoch'::timestamptz + wanted.after * interval '1 microsecond'
             AND ts <= 'epoch'::timestamptz + wanted.now * interval '1 microsecond'
             AND (ts > 'epoch'::timestamptz + wanted.until * interval '1 microsecond'
                  OR mod(reading.xmin::text::int8 - wanted.horizon + 4294967296, 4294967296) < 2147483648)
        GROUP BY 1
    ) AS found
"""
_LATE_READINGS = packed(["server_id"], [("earliest", "int8"), ("count", "int8")], _LATE)
_HORIZON: LiteralString = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8"
# As many as xmin, which has 32 bits, tells apart.
_TRANSACTIONS = 2**32
# Sealed readings later than each server's instant: it was away for so long that they were sealed unread.
_SEALED: LiteralString = """
    SELECT wanted.server_id, sum(segment.count)::int8
    FROM unnest(%(servers)s::int[], %(after)s::int8[]) AS wanted (server_id, after)
    JOIN segment ON segment.server_id = wanted.server_id AND hour >= floor(wanted.after / 3600000000.0)
         AND last_ts > 'epoch'::timestamptz + wanted.after * interval '1 microsecond'
    GROUP BY 1
"""


async def since(connection: Connection, quantities: Sequence[str], servers: Int, after: Int) -> Rows:
    """Readings later than each server's `after`, microseconds since 1970, by server and instant, at most some
    MAX_READINGS of them, of each server the oldest.
    """
    if not len(servers) or not quantities:
        return EMPTY
    limit = max(LEAST_EACH, MAX_READINGS // len(servers))
    values = {"servers": servers.tolist(), "after": after.tolist(), "ahead": AHEAD_SECONDS, "limit": limit}
    found = await fetching.columns(connection, _since(tuple(quantities), is_spread(connection)), values)
    if found is None:
        return EMPTY
    server, ts, *each = found
    return Rows(server, ts, dict(zip(quantities, each, strict=True)))


@lru_cache(maxsize=64)
def _since(quantities: tuple[str, ...], spread: bool) -> Packed:
    values = [(f"coalesce({_value(name)}, 'NaN')", "float8") for name in quantities]
    source = _SINCE.format(wanted=spread_queries.LEFT_AT if spread else _LEFT_AT)
    return packed(["server_id"], [("ts", "timestamptz"), *values], source)


async def horizon(connection: Connection, servers: Int) -> Int:
    """Of each server (n,), ascending: what is written from now on is not behind this; see `late`."""
    if not is_spread(connection):
        row = await (await connection.execute(_HORIZON)).fetchone()
        return np.full(len(servers), row[0] if row else 0)
    rows = await (await connection.execute(spread_queries.SELECT_HORIZONS, (servers.tolist(),))).fetchall()
    found = np.zeros(len(servers), np.int64)
    for server_id, number in rows:
        found[np.searchsorted(servers, server_id)] = number
    return found


async def late(
    connection: Connection, servers: Int, after: Int, until: Int, now: Int, horizon: Int
) -> tuple[Int, Int, Int]:
    """Servers; of each the earliest reading in (after, until] that was written since its horizon, else -1; and how
    many there are in (until, now].
    """
    values = {
        "servers": servers.tolist(),
        "after": after.tolist(),
        "until": until.tolist(),
        "now": now.tolist(),
        "horizon": (horizon % _TRANSACTIONS).tolist(),
    }
    found = await fetching.columns(connection, _LATE_READINGS, values)
    none = np.empty(0, np.int64)
    return (none, none, none) if found is None else (found[0], found[1], found[2])


async def sealed_since(connection: Connection, servers: Int, after: Int) -> dict[int, int]:
    """Servers with sealed readings later than these instants, and about how many."""
    values = {"servers": servers.tolist(), "after": after.tolist()}
    return dict(await (await connection.execute(_SEALED, values)).fetchall())


def _value(name: str) -> str:
    return name if name in NAMES else f"(extra ->> {sql.Literal(name).as_string()})::float8"
