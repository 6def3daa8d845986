"""Backtests asked for by people: a small one is answered at once, a large one is a job."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from app.alerts import backtesting, ruling
from app.alerts.backtest_schemas import BacktestReport, BacktestRequest
from app.alerts.tables import Rule
from app.auth.principals import Principal
from app.core import origin
from app.core.db import UNAVAILABLE, Database
from app.core.queue import Resources
from app.jobs import service as jobs
from app.jobs.errors import JobFailed
from app.jobs.schemas import JobRead
from app.jobs.service import Held
from app.readings.series import Series

# What is estimated to take longer is a job: the answer of a request should be there within a few seconds.
AT_ONCE_SECONDS = 6.0
# A cancelled job stops within this.
SAVE_SECONDS = 0.5


async def ask(
    database: Database, series: Series, principal: Principal, request: BacktestRequest
) -> BacktestReport | JobRead:
    """The report, or the queued job that makes it, which the caller announces.

    Raises: NoSuchRule, NoSuchServer, Invalid, Busy.
    """
    judged = await _judged(database, principal.workspace_id, request)
    async with database.snapshot(principal.workspace_id) as connection:
        order = await backtesting.order(connection, principal.workspace_id, request, judged)
        seconds = await backtesting.estimated(connection, order)
    if request.job or seconds > AT_ONCE_SECONDS:
        return await _queue(database, principal, request, judged)
    # The connection is given back before the wait for its turn.
    async with series.turn():
        report = await series.apart.whole(_Backtest(principal.workspace_id, request, judged))
    return BacktestReport.model_validate_json(report)


@dataclass(frozen=True, slots=True)
class _Backtest:
    """One whose answer is waited for, made in a process of its own; the report as JSON."""

    workspace_id: int
    request: BacktestRequest
    judged: dict[str, Any]

    async def parts(self, database: Database) -> AsyncGenerator[bytes]:
        async with database.snapshot(self.workspace_id) as connection:
            order = await backtesting.order(connection, self.workspace_id, self.request, self.judged)
            yield (await _report(backtesting.run(connection, order))).model_dump_json().encode()


async def _judged(database: Database, workspace_id: int, request: BacktestRequest) -> dict[str, Any]:
    """What is judged, as the rule's table keeps it."""
    async with database.read(workspace_id) as session:
        if request.rule is None:
            return _of(await ruling.find(session, workspace_id, request.rule_id or ""))
        body = request.rule
        await ruling.check_judged(session, workspace_id, body.condition, body.server_ulids, ("body", "rule"))
        return ruling.judged(body)


def _of(rule: Rule) -> dict[str, Any]:
    names = ("condition", "schedule", "server_ulids", "tag_name", "tag_value")
    return {name: getattr(rule, name) for name in names}


async def _queue(database: Database, principal: Principal, request: BacktestRequest, judged: dict[str, Any]) -> JobRead:
    parameters = {"request": request.model_dump(mode="json"), "judged": judged}
    async with database.write(principal.workspace_id) as session:
        request_id = origin.current().request_id
        return await jobs.create(
            session, principal.workspace_id, jobs.new_job_id(), "backtest", parameters, request_id, principal
        )


async def _report(
    steps: AsyncGenerator[BacktestReport | float], on_progress: Callable[[float], Awaitable[None]] | None = None
) -> BacktestReport:
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, BacktestReport):
                return step
            if on_progress is not None:
                await on_progress(step)
    raise JobFailed("The backtest ended without a report.")


async def run(resources: Resources, job_ulid: str) -> None:
    """Make the job's report; does nothing when another worker holds the job or it has ended."""
    async with jobs.hold(resources.database, job_ulid) as job:
        if job is None:
            return
        try:
            await jobs.finish(job, await _result(resources.database, job))
        except UNAVAILABLE:
            # The database went away: the row stays as it is, and the sweep sends the job again.
            raise
        except Exception:
            if not job.cancelled:
                await jobs.fail(job, "The backtest stopped at an unexpected error; the log has it.")
            raise


async def _result(database: Database, job: Held) -> dict[str, Any]:
    request = BacktestRequest.model_validate(job.parameters["request"])
    saved = time.monotonic()

    async def save(progress: float) -> None:
        nonlocal saved
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            await jobs.save(job.connection, job, {}, min(0.99, max(0.0, progress)))

    async with database.snapshot(job.workspace_id) as connection:
        order = await backtesting.order(connection, job.workspace_id, request, job.parameters["judged"])
        report = await _report(backtesting.run(connection, order), save)
    return report.model_dump(mode="json")
