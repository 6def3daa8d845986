"""Which form of a statement is right: for tables of one machine, or for those that Citus spreads (ADR 51).

Everything that has two forms stands here and is chosen here, but for what `fleet`, `presence`, `monitoring` and
`alerts` ask.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

from app.core.copy import Connection
from app.core.nature import is_spread
from app.readings import latest_queries, queries, segment_queries, spread_queries


@dataclass(frozen=True, slots=True)
class Forms:
    """The statements, each with the same parameters and the same answer in both."""

    asked: LiteralString
    """The servers of an array as the table `wanted`."""
    sealed: LiteralString
    ends: LiteralString
    due: LiteralString
    oldest_due: LiteralString
    expired: LiteralString
    estimate: LiteralString
    versions: LiteralString
    acknowledged: LiteralString


_ONE_MACHINE: Final = Forms(
    asked=latest_queries.ASKED,
    sealed=latest_queries.SELECT_SEALED,
    ends=latest_queries.SELECT_ENDS,
    due=segment_queries.SELECT_DUE,
    oldest_due=segment_queries.SELECT_OLDEST_DUE,
    expired=segment_queries.SELECT_EXPIRED,
    estimate=segment_queries.ESTIMATE_SEGMENTS,
    versions=queries.SELECT_VERSIONS,
    acknowledged=queries.SELECT_ACKNOWLEDGED,
)
_SPREAD: Final = Forms(
    asked=spread_queries.WITH_ROWS,
    sealed=spread_queries.SELECT_SEALED,
    ends=spread_queries.SELECT_ENDS,
    due=spread_queries.SELECT_DUE,
    oldest_due=spread_queries.SELECT_OLDEST_DUE,
    expired=spread_queries.SELECT_EXPIRED,
    estimate=spread_queries.ESTIMATE_SEGMENTS,
    versions=spread_queries.SELECT_VERSIONS,
    acknowledged=spread_queries.SELECT_ACKNOWLEDGED,
)


def forms(connection: Connection) -> Forms:
    """Those for this connection."""
    return _SPREAD if is_spread(connection) else _ONE_MACHINE
