"""Statements that delete what nobody can reach any more."""

from typing import Any, LiteralString

from sqlalchemy import Select, Update, delete, select, update

from app.auth.tables import Credential, Invitation, Membership
from app.jobs.tables import Job
from app.servers.tables import Server

DELETE_ACTIVITY: LiteralString = "DELETE FROM server_activity WHERE server_id = %(server)s"
DELETE_PRESENCE: LiteralString = "DELETE FROM presence_interval WHERE server_id = %(server)s"
DELETE_HISTORY: LiteralString = "DELETE FROM server_history WHERE server_id = %(server)s"
DELETE_SENT: LiteralString = "DELETE FROM server_quantity WHERE server_id = %(server)s"
DELETE_ARRIVALS: LiteralString = "DELETE FROM server_arrivals WHERE server_id = %(server)s"
# Imports that began before this job remember the servers that there were.
OLDER_IMPORTS: LiteralString = """
    SELECT EXISTS (SELECT FROM job WHERE workspace_id = %(workspace)s AND job_id < %(job)s AND kind = 'import'
                   AND state IN ('queued', 'running'))
"""
DELETE_WORKSPACE: LiteralString = "DELETE FROM workspace WHERE workspace_id = %s"


def forget_owner(user_ulid: str) -> Update:
    """Take the person's name off the jobs that they asked for; the jobs stay."""
    return update(Job).where(Job.owner_ulid == user_ulid).values(owner_name=None)


def servers_of(workspace_id: int) -> Select[int]:
    return select(Server.server_id).where(Server.workspace_id == workspace_id)


def shut(workspace_id: int) -> list[Any]:
    """After these nobody gets into the workspace: no member, no key, no invitation, no server."""
    tables = (Membership, Invitation, Credential, Server)
    return [delete(table).where(table.workspace_id == workspace_id) for table in tables]
