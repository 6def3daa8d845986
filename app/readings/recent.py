"""New hot readings of many servers, for whoever follows them: each server's from where it was left."""

from collections.abc import Sequence
from typing import LiteralString

from psycopg import sql

from app.core.copy import Connection
from app.readings.quantities import NAMES

# A server that was away sends hours at once; it is followed in steps, so that it holds up no other.
MAX_READINGS = 10_000
# A clock may run ahead by so much; what lies further ahead is looked at when its time comes.
AHEAD_SECONDS = 5

_SINCE: LiteralString = """
    SELECT wanted.server_id, (extract(epoch FROM found.ts) * 1000000)::int8, found.value
    FROM unnest(%(servers)s::int[], %(after)s::int8[]) AS wanted (server_id, after)
    CROSS JOIN LATERAL (
        SELECT ts, {value} AS value FROM reading
        WHERE server_id = wanted.server_id AND {value} IS NOT NULL
          AND ts > 'epoch'::timestamptz + make_interval(secs => after / 1000000)
                   + make_interval(secs => (after %% 1000000) / 1e6)
          AND ts <= now() + make_interval(secs => %(ahead)s)
        ORDER BY ts LIMIT %(limit)s
    ) AS found
    ORDER BY 1, 2
"""


async def since(
    connection: Connection, quantity: str, servers: Sequence[int], after: Sequence[int]
) -> list[tuple[int, int, float]]:
    """Server, instant and value of readings later than each server's `after`, by server and instant.

    Instants are microseconds since 1970; at most MAX_READINGS a server.
    """
    if quantity in NAMES:
        value: sql.Composable = sql.Identifier(quantity)
    else:
        value = sql.SQL("(extra ->> {})::float8").format(quantity)
    values = {"servers": list(servers), "after": list(after), "ahead": AHEAD_SECONDS, "limit": MAX_READINGS}
    rows = await connection.execute(sql.SQL(_SINCE).format(value=value), values)
    return await rows.fetchall()
