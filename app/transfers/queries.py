"""Statements that delete what nobody can reach any more."""

from typing import Any, LiteralString

from sqlalchemy import Select, delete, select

from app.auth.tables import Credential, Invitation, Membership
from app.servers.tables import Server

DELETE_ACTIVITY: LiteralString = "DELETE FROM server_activity WHERE server_id = %(server)s"
DELETE_PRESENCE: LiteralString = "DELETE FROM presence_interval WHERE server_id = %(server)s"
DELETE_HISTORY: LiteralString = "DELETE FROM server_history WHERE server_id = %(server)s"
DELETE_SENT: LiteralString = "DELETE FROM server_quantity WHERE server_id = %(server)s"
DELETE_ARRIVALS: LiteralString = "DELETE FROM server_arrivals WHERE server_id = %(server)s"
DELETE_WORKSPACE: LiteralString = "DELETE FROM workspace WHERE workspace_id = %s"


def servers_of(workspace_id: int) -> Select[int]:
    return select(Server.server_id).where(Server.workspace_id == workspace_id)


def shut(workspace_id: int) -> list[Any]:
    """After these nobody gets into the workspace: no member, no key, no invitation, no server."""
    tables = (Membership, Invitation, Credential, Server)
    return [delete(table).where(table.workspace_id == workspace_id) for table in tables]
