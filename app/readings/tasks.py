"""Celery's view of readings."""

from datetime import timedelta

from celery import shared_task

from app.core import queue
from app.readings import receipts, retention, sealing, verifying

# A run of the sealer ends before the next one is sent: it is scheduled every minute, and what is left waits for it.
SEALING_SECONDS = 50.0


@shared_task(name="readings.purge_receipts")
def purge_receipts() -> int:
    """Delete receipts older than a day; scheduled hourly."""
    return queue.run(lambda resources: receipts.purge(resources.database))


@shared_task(name="readings.seal")
def seal() -> int:
    """Seal hours that have passed; scheduled every minute. Returns how many readings left the hot table."""

    async def work(resources: queue.Resources) -> int:
        lag = timedelta(minutes=resources.settings.seal_lag_minutes)
        done = await sealing.seal(resources.database, lag, seconds=SEALING_SECONDS, rest=sealing.REST)
        return done.readings if done else 0

    return queue.run(work)


@shared_task(name="readings.drop_expired")
def drop_expired() -> int:
    """Delete readings that are older than they are kept; scheduled hourly. Returns how many."""
    return queue.run(lambda resources: retention.drop_expired(resources.database))


@shared_task(name="readings.verify_sample")
def verify_sample() -> int:
    """Look at some segments and repair them; scheduled every five minutes. Returns how many."""

    async def work(resources: queue.Resources) -> int:
        return (await verifying.verify_sample(resources.database)).segments

    return queue.run(work)
