"""Deleting for good: a server with its readings, a workspace with its servers, an account with its workspaces.

What people see is gone when the request is answered: its transaction deletes the rows of servers (or shuts the whole
workspace) and adds a job. The job then takes away what nobody can reach any more, slice by slice. It looks twice:
ingest may write to a server that it remembers for a second after the row has gone (`readings/senders.py`), and the
arrivals of that second are noted a second later; and an import that runs remembers the servers until it ends.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import LiteralString

import structlog

from app.auth import accounts, audit
from app.auth.principals import Principal
from app.core import origin
from app.core.clock import now
from app.core.copy import WriterConnection
from app.core.db import WriteSession, transaction
from app.core.queue import Resources
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.jobs.service import Held
from app.readings.deleting import Span, delete_readings
from app.servers import service as servers
from app.transfers import queries

KIND = "deletion"
ROUNDS = 2
# Twice what ingest needs to forget a server and to note its last arrivals.
SETTLE = timedelta(seconds=4)
# What holds a row or a few of a server.
REMAINS: tuple[LiteralString, ...] = (
    queries.DELETE_ACTIVITY,
    queries.DELETE_ARRIVALS,
    queries.DELETE_PRESENCE,
    queries.DELETE_HISTORY,
    queries.DELETE_SENT,
)

log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """What a deletion did so far; saved with each slice."""

    rounds: int = 0
    servers: int = 0
    """In this round."""
    readings: int = 0
    looks: int = 0
    """How often it found an import still running: a job whose checkpoint stands still is given up."""


async def delete_server(session: WriteSession, principal: Principal, server_ulid: str) -> JobRead:
    """Delete the server now, and its readings by a job that the caller announces. Raises: NoSuchServer."""
    server = await servers.find(session, principal.workspace_id, server_ulid)
    audit.record(session, principal, "server.delete", server.server_ulid, before={"server_name": server.name})
    await session.delete(server)
    return await _add_job(session, principal.workspace_id, [server.server_id], principal)


async def delete_workspace(session: WriteSession, workspace_id: int, owner: Principal | None = None) -> JobRead:
    """Let nobody into the workspace from now on; a job that the caller announces deletes all that it holds."""
    numbers = (await session.scalars(queries.servers_of(workspace_id))).all()
    for statement in queries.shut(workspace_id):
        await session.execute(statement)
    log.info("workspace_deleted", workspace_id=workspace_id, servers=len(numbers))
    return await _add_job(session, workspace_id, list(numbers), owner, whole=True)


async def delete_account(session: WriteSession, principal: Principal) -> list[JobRead]:
    """Delete the principal's account, and with it the workspaces that nobody else belongs to. Raises: LastAdmin."""
    abandoned = await accounts.erase(session, principal)
    await session.execute(queries.forget_owner(principal.ulid))
    return [await delete_workspace(session, workspace_id) for workspace_id in abandoned]


async def _add_job(
    session: WriteSession, workspace_id: int, numbers: list[int], owner: Principal | None, *, whole: bool = False
) -> JobRead:
    parameters = {"servers": numbers, "workspace": whole, "settled": (now() + SETTLE).timestamp()}
    parameters |= {jobs.UNSTOPPABLE: True}
    job_ulid, request_id = jobs.new_job_id(), origin.current().request_id
    return await jobs.create(session, workspace_id, job_ulid, KIND, parameters, request_id, owner)


async def run(resources: Resources, job_ulid: str) -> None:
    """Do the job; nothing when another worker holds it or it has ended. An error leaves it to the next sweep."""
    async with jobs.hold(resources.database, job_ulid) as job:
        if job is None:
            return
        tally = Tally(**job.checkpoint)
        writer = WriterConnection(resources.database)
        try:
            while tally.rounds < ROUNDS:
                if tally.rounds and not await _is_settled(job):
                    # The sweep sends the job again: waiting here would hold the worker that the import may need.
                    tally.looks += 1
                    await _save(job, tally)
                    return
                await _delete_servers(job, writer, tally)
        finally:
            await writer.close()
        await jobs.finish(job, {"servers": len(job.parameters["servers"]), "readings": tally.readings})
        if job.parameters["workspace"]:
            # Last, for the job's own row goes with it.
            await job.connection.execute(queries.DELETE_WORKSPACE, (job.workspace_id,))


async def _is_settled(job: Held) -> bool:
    """Wait until ingest has forgotten the servers; False while an import may still write to them."""
    await asyncio.sleep(job.parameters["settled"] - now().timestamp())
    wanted = {"workspace": job.workspace_id, "job": job.job_id}
    row = await (await job.connection.execute(queries.OLDER_IMPORTS, wanted)).fetchone()
    return row is not None and not row[0]


async def _delete_servers(job: Held, writer: WriterConnection, tally: Tally) -> None:
    """One round over all servers, from where the last commit ended."""
    for server_id in job.parameters["servers"][tally.servers :]:
        await _delete_readings(job, writer, tally, server_id)
        async with transaction(job.connection):
            for statement in REMAINS:
                await job.connection.execute(statement, {"server": server_id})
            tally.servers += 1
            await _save(job, tally)
    tally.rounds, tally.servers = tally.rounds + 1, 0


async def _delete_readings(job: Held, writer: WriterConnection, tally: Tally, server_id: int) -> None:
    """Hot and sealed ones, slice by slice."""
    before = tally.readings

    async def save(deleted: int) -> None:
        tally.readings = before + deleted
        await _save(job, tally)

    await save(await delete_readings(writer, server_id, Span(), report=save))


async def _save(job: Held, tally: Tally) -> None:
    share = tally.servers / max(1, len(job.parameters["servers"]))
    await jobs.save(job.connection, job, asdict(tally), (tally.rounds + share) / ROUNDS * 0.99)
