"""Storing a body of line protocol: the same way in as `POST /data`, with points for readings."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from app.auth.principals import Principal
from app.compat import points
from app.compat.directory import Directory, own_server
from app.compat.errors import PartialWrite
from app.compat.mapping import Mapping
from app.core.db import Database
from app.readings.intake import Intake, Submission

# So many lines are told why; a clients' log is no place for more.
SHOWN = 5


async def write(
    intake: Intake, database: Database, submission: Submission, principal: Principal | None, precision: str
) -> None:
    """Store the good points. Raises: PartialWrite naming the others; and what `Intake.store_batch` raises."""
    given = dict(principal.line_protocol or {}) if principal else {}
    registers = bool(given.pop("create_servers", False)) or bool(principal and "admin" in principal.scopes)
    own = await own_server(database, principal) if principal and principal.server_id else None
    directory = Directory(database, principal, registers) if principal else None
    taken = replace(
        submission,
        decode=partial(points.decode, precision=precision, mapping=_mapping(given), server=own),
        name=directory.name if directory else None,
    )
    answer = await intake.store_batch(taken, principal)
    receipt = msgspec.json.decode(answer.text)
    if receipt["rejected_count"]:
        raise _partial(receipt)


def _mapping(given: dict[str, Any]) -> Mapping:
    return Mapping(**given | {"ignored_tags": frozenset(given.get("ignored_tags", ()))})


def _partial(receipt: dict[str, Any]) -> PartialWrite:
    shown = receipt["rejected"][:SHOWN]
    lines = "; ".join(f"line {fault['index'] + 1}: {fault['detail']}" for fault in shown)
    return PartialWrite("partial write: {lines}; dropped={dropped}", lines=lines, dropped=receipt["rejected_count"])
