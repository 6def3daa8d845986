"""The jobs of maintenance."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from app.core.copy import WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.jobs import service as jobs
from app.jobs.service import Held
from app.readings import sealing
from app.readings.deleting import Span, delete_readings
from app.readings.verifying import Verified, verify_all

# How often a job looks whether the sealer of every minute is done.
WAIT_SECONDS = 1.0
SHOWN_DAMAGED = 100

log = structlog.get_logger()


async def run_data_deletion(database: Database, job_ulid: str) -> None:
    """Delete what the job says; begun anew after an interruption, for what is gone stays gone."""
    async with _held(database, job_ulid) as (job, writer):
        if job is None:
            return
        asked = job.parameters
        span = Span(asked["start"], asked["end"])
        before = int(job.checkpoint.get("readings", 0))

        async def save(deleted: int) -> None:
            await jobs.save(job.connection, job, {"readings": before + deleted}, 0.0)

        deleted = await delete_readings(writer, asked["server"], span, asked["quantity"], save)
        await jobs.finish(job, {"readings": before + deleted})


async def run_seal(database: Database, job_ulid: str) -> None:
    """Seal what is due, when the sealer of every minute lets it."""
    async with _held(database, job_ulid) as (job, _):
        if job is None:
            return

        async def save(share: float) -> None:
            await jobs.save(job.connection, job, {}, share)

        lag = timedelta(minutes=job.parameters["lag_minutes"])
        while (done := await sealing.seal(database, lag, report=save)) is None:
            # Who waits may be asked to stop as well.
            await save(0.0)
            await asyncio.sleep(WAIT_SECONDS)
        await jobs.finish(job, {"readings": done.readings, "segments": done.segments, "failed": len(done.failed)})


async def run_verification(database: Database, job_ulid: str) -> None:
    """Look at every segment."""
    async with _held(database, job_ulid) as (job, writer):
        if job is None:
            return

        async def save(found: Verified, count: int) -> None:
            await jobs.save(job.connection, job, {}, min(found.segments / max(count, 1), 1.0))

        found = await verify_all(writer, save)
        result = {
            "segments": found.segments,
            "readings": found.readings,
            "repaired": found.repaired,
            "damaged": len(found.damaged),
            "damaged_hours": [{"server_id": server, "hour": hour} for server, hour in found.damaged[:SHOWN_DAMAGED]],
        }
        await jobs.finish(job, result)


@asynccontextmanager
async def _held(database: Database, job_ulid: str) -> AsyncIterator[tuple[Held | None, WriterConnection]]:
    """The job, unless another worker has it, and a connection for its work; what goes wrong ends it with a reason."""
    writer = WriterConnection(database)
    async with jobs.hold(database, job_ulid) as job:
        try:
            yield job, writer
        except UNAVAILABLE:
            # The database went away: the row stays as it is, and the sweep sends the job again.
            raise
        except Exception:
            if job:
                await jobs.fail(job, "The job stopped at an unexpected error; the log has it.")
            raise
        finally:
            await writer.close()
