"""Celery's view of alerts."""

from celery import shared_task

from app.alerts import backtests, delivering, purging
from app.core import queue


@shared_task(name="alerts.deliver")
def deliver() -> int:
    """Deliver the notifications that are due; sent when there is one, and scheduled every five seconds."""
    return queue.run(delivering.deliver_due)


@shared_task(name="alerts.purge")
def purge() -> int:
    """Delete notifications and incidents that are older than their retention; scheduled hourly."""
    return queue.run(lambda resources: purging.purge(resources.database, resources.settings))


@shared_task(name="jobs.run_backtest")
def run_backtest(job_ulid: str) -> None:
    """Make the report of this backtest."""
    queue.run(lambda resources: backtests.run(resources, job_ulid))
