"""Readings into a file: a job that writes what `GET /data` would answer, from one state of the database.

The file is written beside its place and moved there when it is whole. A job that begins again begins its file anew: its
readings come from another state of the database.
"""

import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.auth import audit
from app.auth.principals import Principal
from app.core import origin
from app.core.clock import format_instant, now
from app.core.copy import Connection
from app.core.db import UNAVAILABLE, Database, ReadSession
from app.core.errors import Problem
from app.core.queue import Resources
from app.core.settings import Settings
from app.jobs import service as jobs
from app.jobs.errors import JobFailed, NoSuchJob
from app.jobs.schemas import JobRead
from app.jobs.service import Held
from app.readings import asking, budgets
from app.readings.aggregates.ranks import TooManyValues
from app.readings.engine import answer, outline
from app.readings.engine.loading import in_thread
from app.readings.engine.outline import Overview
from app.readings.engine.question import Piece, Question
from app.readings.questions import DataQuery
from app.readings.writers import FORMATS, Writer
from app.readings.written import writer as writer_of
from app.transfers.errors import ExportGone, ExportNotReady
from app.transfers.schemas import ExportRequest

KEPT = timedelta(days=1)
# A cancelled job stops within this; each look costs the database an update.
SAVE_SECONDS = 0.5
# A job has no budget of seconds; only what a query must hold in memory is bounded.
NO_BUDGET = 10**9


@dataclass(slots=True)
class Written:
    rows: int = 0
    size: int = 0


def file_of(settings: Settings, job_ulid: str) -> Path:
    """Where the file of an export stands; API and worker share the data folder."""
    return settings.data_dir / "exports" / job_ulid


async def order(database: Database, principal: Principal, body: ExportRequest) -> JobRead:
    """The queued job, noted in the audit log; the caller announces it. Raises: NoSuchServer, Invalid."""
    query = body.query()
    await asking.ask(database, principal.workspace_id, query)
    job_ulid = jobs.new_job_id()
    parameters = {"query": query.model_dump(mode="json", exclude_unset=True), "format": body.format}
    async with database.write(principal.workspace_id) as session:
        audit.record(session, principal, "export.create", job_ulid, after=parameters)
        request_id = origin.current().request_id
        return await jobs.create(
            session, principal.workspace_id, job_ulid, "export", parameters, request_id, owner=principal
        )


async def finished(
    session: ReadSession, settings: Settings, workspace_id: int, job_ulid: str
) -> tuple[Path, Mapping[str, Any]]:
    """The file of an export and what the job says of it. Raises: NoSuchJob, ExportNotReady, ExportGone."""
    job = await jobs.get(session, workspace_id, job_ulid)
    if job.kind != "export":
        raise NoSuchJob("There is no job {job!r} in this workspace.", job=job_ulid)
    if job.state != "done" or job.result is None or job.finished_at is None:
        raise ExportNotReady("This export is {state}; its file is there when it is done.", state=job.state)
    path = file_of(settings, job_ulid)
    if now() > job.finished_at + KEPT or not path.exists():
        raise ExportGone("The file of this export is gone; files are kept for a day.")
    return path, job.result


async def run(resources: Resources, job_ulid: str) -> None:
    """Write the job's file; does nothing when another worker holds the job or it has ended."""
    path = file_of(resources.settings, job_ulid)
    async with jobs.hold(resources.database, job_ulid) as job:
        if job is None:
            return
        try:
            await jobs.finish(job, await _export(resources, job, path))
        except JobFailed as error:
            await jobs.fail(job, str(error))
        except UNAVAILABLE:
            # The database went away: the row stays as it is, and the sweep sends the job again.
            raise
        except Exception:
            await jobs.fail(job, "The export stopped at an unexpected error; the log has it.")
            raise
        finally:
            _unfinished(path).unlink(missing_ok=True)


def purge(settings: Settings) -> int:
    """Remove files older than a day, whole or not; returns how many."""
    removed = 0
    for file in file_of(settings, "").glob("*"):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > KEPT.total_seconds():
                file.unlink()
                removed += 1
    return removed


async def _export(resources: Resources, job: Held, path: Path) -> dict[str, Any]:
    query = DataQuery.model_validate(job.parameters["query"])
    form = job.parameters["format"]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        question = (await asking.ask(resources.database, job.workspace_id, query)).question
        async with resources.database.snapshot(job.workspace_id) as connection:
            seen = await outline.overview(connection, question)
            budgets.check(query, question, seen, NO_BUDGET)
            written = await _write(connection, job, question, seen, writer_of(question, form), _unfinished(path))
    except Problem as problem:
        raise JobFailed(str(problem)) from problem
    except TooManyValues:
        raise JobFailed("Too many different values for exact percentiles; use a shorter interval or range.") from None
    _unfinished(path).rename(path)
    return {
        "rows": written.rows,
        "bytes": written.size,
        "format": form,
        "media_type": FORMATS[form][0],
        "file": f"/exports/{job.job_ulid}/file",
        "kept_until": format_instant((now() + KEPT).replace(microsecond=0)),
    }


async def _write(
    connection: Connection, job: Held, question: Question, seen: Overview, writer: Writer, path: Path
) -> Written:
    written = Written()
    saved = time.monotonic()
    with path.open("wb") as file:

        def put(piece: Piece | None) -> None:
            text = writer.end() if piece is None else writer.write(piece)
            file.write(text)
            written.size += len(text)
            written.rows += 0 if piece is None else len(piece)

        async with aclosing(answer.pieces(connection, question, seen)) as pieces:
            async for piece in pieces:
                await in_thread(lambda piece=piece: put(piece))  # type: ignore[misc]
                if time.monotonic() - saved > SAVE_SECONDS:
                    saved = time.monotonic()
                    await jobs.save(job.connection, job, {}, _share(question, seen, piece))
        await in_thread(lambda: put(None))
    return written


def _share(question: Question, seen: Overview, piece: Piece) -> float:
    """How much of the time between the first and the last reading is behind this piece."""
    if seen.low is None or seen.high is None or not len(piece) or seen.high == seen.low:
        return 0.0
    share = (int(piece.ts[-1]) - seen.low) / (seen.high - seen.low)
    return min(0.99, max(0.0, 1.0 - share if question.descending else share))


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
