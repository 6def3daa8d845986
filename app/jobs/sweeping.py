"""Jobs that lost their message, their worker or their senses: found, sent again, in the end given up."""

import structlog

from app.core.db import Database
from app.jobs import queries, service
from app.jobs.tables import JobLine

# One sweep sends so many jobs again; with a sweep every ten seconds that is a fleet's backlog in minutes.
SWEEP_LIMIT = 100
STUCK = "Its worker said nothing for 30 minutes."

log = structlog.get_logger()


async def sweep(database: Database) -> int:
    """Send again the jobs that lost their message or their worker, give up those that hang; how many were sent."""
    async with database.write() as session:
        stuck = (await session.scalars(queries.give_up_stuck(STUCK))).all()
        forgotten = (await session.execute(queries.take_forgotten(SWEEP_LIMIT))).all()
        for job in forgotten:
            why = "Its worker was lost." if job.state == "running" else "No worker has taken it yet."
            session.add(JobLine(job_id=job.job_id, event="sent_again", text=f"{why} The workers were told again."))
    for job_ulid in stuck:
        log.error("job_given_up", job_id=job_ulid, reason=STUCK)
    for job in forgotten:
        log.info("job_sent_again", job_id=job.job_ulid, kind=job.kind)
        await service.announce(job.kind, job.job_ulid, job.request_id)
    return len(forgotten)
