"""From the names of a query to what the engine is asked: servers, quantities, groups, the place in the pages."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from app.core import paging
from app.core.clock import now, to_microseconds
from app.core.copy import Connection
from app.core.db import Database
from app.core.errors import invalid_field
from app.core.nature import is_spread
from app.readings import calendar, reads, spread_queries
from app.readings.aggregates import needs
from app.readings.engine import answer, thinning
from app.readings.engine.conditions import parse
from app.readings.engine.question import MAX_TS, MIN_TS, Question
from app.readings.quantities import ID_OF_NAME, no_such_quantity
from app.readings.questions import DataQuery
from app.servers.errors import NoSuchServer
from app.servers.service import canonical_ulid

# Two readings further apart than this are a gap: so many declared intervals, or an hour where none is declared.
GAP_INTERVALS = 10
GAP = 3600 * 1_000_000

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Asked:
    """The engine's question, and the digest of all that decides its answer but the readings too young to count."""

    question: Question
    digest: str
    keys: Sequence[Any]
    """What stands in a cursor for each label."""


@dataclass(frozen=True, slots=True)
class _Server:
    number: int
    ulid: str
    version: int
    tags: dict[str, str]
    interval: float | None


async def ask(database: Database, workspace_id: int, query: DataQuery) -> Asked:
    """Resolve the query. Raises: NoSuchServer, Invalid."""
    wanted = [_canonical(ulid) for ulid in query.server_ulid]
    named = {"workspace": workspace_id, "every": not wanted, "ulids": wanted}
    rows = await database.at_once(workspace_id, lambda connection: _named(connection, named))
    servers = [_Server(*row) for row in rows if row[2] is not None]
    custom = [(number, name) for number, name, version, *_ in rows if version is None]
    for ulid in set(wanted) - {server.ulid for server in servers}:
        raise NoSuchServer(ulid)
    question = _question(query, servers, ID_OF_NAME | {name: number for number, name in custom})
    keys = _keys(servers, question)
    digest = _digest(workspace_id, query, servers, question)
    return Asked(_from_page(question, _after(query, keys)), digest, keys)


def page_cursor(asked: Asked, query: DataQuery, ts: int, label: int) -> str:
    """Where the page behind this row begins."""
    return paging.encode((_fingerprint(query), ts, asked.keys[label]))


async def _named(connection: Connection, named: reads.Parameters) -> list[Any]:
    if not is_spread(connection):
        return await (await connection.execute(reads.NAMED, named)).fetchall()
    rows = await (await connection.execute(spread_queries.NAMED, named)).fetchall()
    servers = [number for number, _, version, *_ in rows if version is not None]
    versions = dict(await (await connection.execute(spread_queries.NAMED_VERSIONS, (servers,))).fetchall())
    # A server and a quantity may have the same number.
    return [row if row[2] is None else (*row[:2], versions.get(row[0], 0), *row[3:]) for row in rows]


def _canonical(ulid: str) -> str:
    canonical = canonical_ulid(ulid)
    if canonical is None:
        raise NoSuchServer(ulid)
    return canonical


def _question(query: DataQuery, servers: list[_Server], known: dict[str, int]) -> Question:
    shown = _shown(query, known)
    conditions = tuple(condition for text in query.where if (condition := parse(text)) is not None)
    for position, condition in enumerate(conditions):
        _check_quantity(known, condition.name, "where", position)
    read = dict.fromkeys((*shown, *(condition.name for condition in conditions)))
    group, labels, key = _groups(query, servers)
    question = Question(
        servers=np.array([server.number for server in servers], np.int64),
        group=group,
        labels=labels,
        label_key=key,
        quantities={name: known[name] for name in read},
        shown=shown,
        start=MIN_TS if query.start_time is None else to_microseconds(query.start_time),
        end=MAX_TS if query.end_time is None else to_microseconds(query.end_time) + 1,
        functions=tuple(dict.fromkeys(query.function or ["mean"])) if query.computes else (),
        interval=query.aggregation,
        zone=query.tz,
        fill=query.fill,
        conditions=conditions,
        descending=query.order == "desc",
        max_points=query.max_points,
        limit=query.limit,
        gaps=np.array([_gap(server) for server in servers], np.int64),
        intervals=_intervals(query, servers),
        now=to_microseconds(now()),
    )
    _check_points(question)
    return question


def _shown(query: DataQuery, known: dict[str, int]) -> tuple[str, ...]:
    for position, name in enumerate(query.sensor_type):
        _check_quantity(known, name, "sensor_type", position)
    return tuple(name for name in known if not query.sensor_type or name in query.sensor_type)


def _check_quantity(known: dict[str, int], name: str, parameter: str, position: int) -> None:
    if name not in known:
        raise no_such_quantity(("query", parameter, position), known)


def _check_points(question: Question) -> None:
    fewest = thinning.fewest(len(answer.columns(question)))
    if question.max_points is not None and question.max_points < fewest:
        message = f"With so many columns at least {fewest}"
        raise invalid_field(("query", "max_points"), message, "too_few_points", fewest=fewest)


def _groups(query: DataQuery, servers: list[_Server]) -> tuple[Any, list[str | None], str | None]:
    """Each server's group, the groups' labels, and the key of the labels."""
    if not query.computes or query.group_by == "server":
        return np.arange(len(servers)), [server.ulid for server in servers], "server_ulid"
    if query.group_by is None:
        return np.zeros(len(servers), np.int64), [None], None
    tag = query.group_by.removeprefix("tag:")
    # Servers without the tag are a group of their own, the last one.
    values = [server.tags.get(tag) for server in servers]
    labels = [*sorted({value for value in values if value is not None}), *([None] if None in values else [])]
    position = {label: number for number, label in enumerate(labels)}
    return np.array([position[value] for value in values], np.int64), list(labels), "group"


def _gap(server: _Server) -> int:
    return GAP if server.interval is None else int(GAP_INTERVALS * server.interval * 1_000_000)


def _intervals(query: DataQuery, servers: list[_Server]) -> Any:
    if "coverage" not in query.function:
        return None
    for server in servers:
        if server.interval is None:
            message = f"coverage needs the interval_seconds of every server; {server.ulid} declares none"
            raise invalid_field(("query", "function"), message, "no_interval", server=server.ulid)
    return np.array([server.interval for server in servers], np.float64)


def _keys(servers: list[_Server], question: Question) -> list[Any]:
    if question.label_key == "server_ulid":
        return [server.number for server in servers]
    # A tag's value in front of which nothing sorts, and behind all of them those without one.
    return [f"={label}" if label is not None else "~" for label in question.labels]


def _after(query: DataQuery, keys: Sequence[Any]) -> tuple[int, float] | None:
    if query.cursor is None:
        return None
    decoded = paging.decode(query.cursor)
    kind = int if not keys or isinstance(keys[0], int) else str
    if [type(part) for part in decoded] != [str, int, kind]:
        raise invalid_field(("query", "cursor"), "Must be the cursor of a page before, as Link gave it", "cursor")
    fingerprint, ts, key = decoded
    if fingerprint != _fingerprint(query):
        raise invalid_field(
            ("query", "cursor"), "Belongs to another query; repeat that one's parameters", "other_query"
        )
    position = bisect_left(keys, key)
    found = position < len(keys) and keys[position] == key
    # No page gave an instant beyond these, and calendars do not reach there.
    return min(max(int(ts), MIN_TS), MAX_TS), position if found else position - 0.5


def _from_page(question: Question, after: tuple[int, float] | None) -> Question:
    """The question of a later page, without the part of the range that nothing of it can depend on."""
    if after is None:
        return question
    question = replace(question, after=after)
    begin = end = after[0]
    if question.functions:
        if question.interval is None or question.fill != "none" or needs(question.functions).lines:
            return question
        begin, end = calendar.edges(question.interval, question.zone, begin, begin + 1)[:2].tolist()
        end -= 1
    if question.descending:
        return replace(question, end=min(question.end, end + 1))
    return replace(question, start=max(question.start, begin))


def _fingerprint(query: DataQuery) -> str:
    """Which query a cursor belongs to; the size of a page and its form may change from one to the next."""
    asked = query.model_dump(mode="json", exclude={"cursor", "limit", "format", "explain"})
    return hashlib.sha256(_encode(asked)).hexdigest()[:12]


def _digest(workspace_id: int, query: DataQuery, servers: list[_Server], question: Question) -> str:
    asked = query.model_dump(mode="json", exclude={"server_ulid", "explain"})
    of_servers = [(server.number, server.version, server.interval, server.tags) for server in servers]
    return hashlib.sha256(_encode((workspace_id, asked, of_servers, question.quantities))).hexdigest()
