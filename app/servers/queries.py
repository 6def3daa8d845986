"""Statements of the server domain."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert

from app.servers.schemas import ServerFilter
from app.servers.tables import Server


def servers(workspace_id: int, *, ulids: Collection[str] | None = None) -> Select[Server]:
    """The workspace's servers by name, or those of them that were asked for."""
    statement = select(Server).where(Server.workspace_id == workspace_id).order_by(Server.name)
    return statement if ulids is None else statement.where(Server.server_ulid.in_(ulids))


def page_of_servers(workspace_id: int, wanted: ServerFilter, *, after: str | None, limit: int) -> Select[Server]:
    """The workspace's servers that meet the filter, by name."""
    statement = servers(workspace_id).limit(limit)
    if wanted.name is not None:
        statement = statement.where(Server.name == wanted.name)
    if wanted.search is not None:
        statement = statement.where(Server.name.icontains(wanted.search, autoescape=True))
    for tag in wanted.tag:
        name, has_value, value = tag.partition(":")
        statement = statement.where(Server.tags.contains({name: value}) if has_value else Server.tags.has_key(name))
    return statement if after is None else statement.where(Server.name > after)


def senders(ulids: Collection[str], workspace_id: int | None) -> Select[str, int, int, int | None]:
    """ULID, number, workspace and offline limit of these servers; without a workspace, of all (INGEST_AUTH=open)."""
    columns = (Server.server_ulid, Server.server_id, Server.workspace_id, Server.offline_after_seconds)
    # As one array: a fleet of ten thousand would be as many parameters.
    statement = select(*columns).where(Server.server_ulid == any_(literal(list(ulids), ARRAY(Text))))
    return statement if workspace_id is None else statement.where(Server.workspace_id == workspace_id)


def identities(server_ids: Collection[int]) -> Select[int, str, int]:
    """Number, ULID and workspace of these servers."""
    columns = (Server.server_id, Server.server_ulid, Server.workspace_id)
    return select(*columns).where(Server.server_id == any_(literal(list(server_ids), ARRAY(Integer))))


def insert_missing(rows: Sequence[dict[str, Any]]) -> Insert:
    """Register servers whose name is free; a taken one stays as it is."""
    return insert(Server).values(rows).on_conflict_do_nothing(constraint="uq_server_workspace_name")
