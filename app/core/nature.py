"""What kind of database it is: with our two roles or without, on one machine or spread over the nodes of a Citus.

Several statements have a form of their own for tables that are spread (ADR 51); which one is right, a connection tells.
"""

from dataclasses import dataclass
from typing import Any, Final, LiteralString
from weakref import WeakSet

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

# Of one connection a node, all statements of a transaction see one state of that node; several would each have one of
# their own. Where there is no Citus it means nothing.
ONE_STATE_A_NODE: Final = "-c citus.max_adaptive_executor_pool_size=1"
# PostgreSQL 16 tells being a member from being allowed to SET ROLE; 15 knows only the first.
_HAS_ROLES: Final[LiteralString] = """
    SELECT count(*) = 2 FROM pg_roles
    WHERE rolname IN ('sentinela_reader', 'sentinela_writer') AND has_table_privilege(oid, 'reading', 'SELECT')
      AND CASE WHEN current_setting('server_version_num')::int >= 160000 THEN pg_has_role(current_user, oid, 'SET')
               ELSE pg_has_role(current_user, oid, 'MEMBER') END
      AND (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'reading'::regclass) = 'sentinela_writer'
"""
_HAS_CITUS: Final[LiteralString] = "SELECT to_regclass('pg_dist_partition') IS NOT NULL"
_IS_SPREAD: Final[LiteralString] = (
    "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'reading'::regclass AND partmethod = 'h')"
)

_SPREAD: WeakSet[Any] = WeakSet()


@dataclass(frozen=True, slots=True)
class Nature:
    """What does not change while a process runs."""

    has_roles: bool
    """Whether the migrations could create the two roles."""
    is_spread: bool
    """Whether the growing tables are distributed."""

    def mark(self, connection: Any) -> None:
        """Have `is_spread` know of this connection."""
        if self.is_spread:
            _SPREAD.add(connection)


async def ask(engine: AsyncEngine) -> Nature:
    """Ask the database, whose schema is there."""
    async with engine.connect() as connection:
        has_roles = bool(await connection.scalar(text(_HAS_ROLES)))
        has_citus = await connection.scalar(text(_HAS_CITUS))
        return Nature(has_roles, bool(has_citus and await connection.scalar(text(_IS_SPREAD))))


def is_spread(connection: Any) -> bool:
    """Whether the growing tables are distributed where this connection of `core.db` leads."""
    return connection in _SPREAD
