"""The series of a workspace: each quantity of each server is one, with the server's tags for labels."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt

from app.compat.prometheus.expressions import NAME, Matcher
from app.compat.prometheus.matching import matched
from app.compat.prometheus.vectors import Labels
from app.core.clock import to_microseconds
from app.core.copy import Connection
from app.core.db import Database
from app.readings import latest
from app.readings.aside import aside

Int = npt.NDArray[np.int64]
RESERVED = (NAME, "server_ulid", "server_name")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")
_SERVERS: LiteralString = """
    SELECT server_id, server_ulid, name, tags FROM server WHERE workspace_id = %s ORDER BY server_id
"""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The workspace's servers by ascending number (s,), their labels, and its quantities with their numbers."""

    servers: Int
    labels: Sequence[Labels]
    quantities: Mapping[str, int]

    def select(self, matchers: Iterable[Matcher]) -> list[tuple[str, Int]]:
        """The quantities that match, with the places of the servers that do. Raises: BadExpression."""
        names = list(self.quantities)
        named, which = np.ones(len(names), np.bool_), np.ones(len(self.servers), np.bool_)
        for matcher in matchers:
            if matcher.name == NAME:
                named &= matched(matcher, names)
            else:
                which &= matched(matcher, [labels.get(matcher.name, "") for labels in self.labels])
        places = np.flatnonzero(which)
        return [(name, places) for name, matches in zip(names, named.tolist(), strict=True) if matches]


async def load(database: Database, workspace_id: int) -> Catalogue:
    rows, quantities = await database.at_once(workspace_id, partial(_described, workspace_id))
    labels = await aside(len(rows), lambda: [_labels(ulid, name, tags) for _, ulid, name, tags in rows])
    return Catalogue(np.array([number for number, *_ in rows], np.int64), labels, quantities)


async def _described(workspace_id: int, connection: Connection) -> tuple[list[Any], dict[str, int]]:
    rows = await (await connection.execute(_SERVERS, (workspace_id,))).fetchall()
    return rows, await latest.asked_quantities(connection, workspace_id, ())


async def existing(
    database: Database, workspace_id: int, selectors: Sequence[Sequence[Matcher]], since: int | None
) -> list[Labels]:
    """The labels of series that have a reading, the newest of them not before `since`; that match one of the
    selectors, where there are any. Raises: BadExpression.
    """
    known = await load(database, workspace_id)
    chosen: dict[str, set[int]] = {}
    for matchers in selectors or ((),):
        for name, places in known.select(matchers):
            chosen.setdefault(name, set()).update(places.tolist())
    every = sorted(set().union(*chosen.values()))
    found: latest.Values = {}
    async with database.snapshot(workspace_id) as connection:
        for start in range(0, len(every), latest.SERVERS_AT_ONCE):
            part = known.servers[every[start : start + latest.SERVERS_AT_ONCE]].tolist()
            found |= await latest.newest(connection, part, {name: known.quantities[name] for name in chosen})
    return await aside(len(every), lambda: _labels_of(known, chosen, found, since))


def _labels_of(
    known: Catalogue, chosen: Mapping[str, set[int]], found: latest.Values, since: int | None
) -> list[Labels]:
    return [
        {NAME: name, **known.labels[place]}
        for name in sorted(chosen)
        for place in sorted(chosen[name])
        if (newest := found.get(int(known.servers[place]), {}).get(name))
        and (since is None or to_microseconds(newest[0]) >= since)
    ]


def _labels(ulid: str, name: str, tags: Mapping[str, str]) -> Labels:
    labels = {"server_ulid": ulid, "server_name": name}
    # A tag that is called as its label is goes before one whose name had to be changed.
    for tag in sorted(tags, key=lambda tag: (legal(tag) != tag, tag)):
        if tags[tag]:
            labels.setdefault(legal(tag), tags[tag])
    return labels


def legal(tag: str) -> str:
    """What a tag is called as a label."""
    name = _ILLEGAL.sub("_", tag)
    return f"tag_{name}" if name in RESERVED or name.startswith("__") else name
