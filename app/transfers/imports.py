"""Readings from an uploaded file: a job that commits in slices and goes on where the last commit ended."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.core.clock import to_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.core.queue import Resources
from app.jobs import service as jobs
from app.jobs.errors import JobCancelled, JobFailed
from app.jobs.service import Held
from app.readings import hot
from app.readings.answers import explain
from app.readings.packing import pack_rows
from app.readings.quantities import NAMES
from app.readings.rows import Reading, Rows, rows_of
from app.readings.schemas import MAX_REJECTED_SHOWN, ReadingIn
from app.readings.waiting import Counts, counts
from app.servers import service as servers
from app.transfers.rows import RowFile, open_rows
from app.transfers.schemas import ImportOptions

# A slice commits in some 50 ms, so that live ingest of the same servers hardly waits, and a kill repeats little.
SLICE_ROWS = 5000


@dataclass(slots=True)
class Tally:
    """What an import did so far; saved with each slice."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    updated: int = 0
    rejected_count: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, index: int, detail: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < MAX_REJECTED_SHOWN:
            # PostgreSQL stores no NUL, and the detail may quote the file.
            self.rejected.append({"index": index, "detail": detail.replace("\x00", "\ufffd")})

    def count(self, stored: Counts) -> None:
        self.accepted += stored.accepted
        self.duplicates += stored.duplicates
        self.updated += stored.updated

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Import:
    """One run of an import job."""

    job: Held
    database: Database
    options: ImportOptions
    tally: Tally
    known_servers: dict[str, int]
    """Numbers of the workspace's servers by ULID and by name."""


async def run(resources: Resources, job_ulid: str) -> None:
    """Import the job's file; does nothing when another worker holds the job or it has ended."""
    async with jobs.hold(resources.database, job_ulid) as job:
        if job is None:
            return
        path = Path(job.parameters["path"])
        tally = Tally(**job.checkpoint)
        try:
            await _import_file(resources.database, job, path, tally)
        except JobCancelled as error:
            # The tally holds the slice that was rolled back; the checkpoint does not.
            await jobs.fail(job, str(error), Tally(**job.checkpoint).document())
            return
        except JobFailed as error:
            await jobs.fail(job, str(error), tally.document())
        except UNAVAILABLE:
            # The database went away: the row stays as it is, and the sweep sends the job again.
            raise
        except Exception:
            await jobs.fail(job, "The import stopped at an unexpected error; the log has it.", tally.document())
            raise
        else:
            path.unlink(missing_ok=True)


async def _import_file(database: Database, job: Held, path: Path, tally: Tally) -> None:
    if not path.exists():
        raise JobFailed("The uploaded file is no longer there; upload it again.")
    options = ImportOptions.model_validate(job.parameters["options"])
    async with database.write(job.workspace_id) as session:
        known = await servers.numbers(session, job.workspace_id)
    task = Import(job, database, options, tally, known)
    writer = hot.writer_for(database)
    try:
        with open_rows(path) as rows:
            _check_columns(rows, options)
            remaining = islice(enumerate(rows), tally.rows, None)
            while slice_rows := list(islice(remaining, SLICE_ROWS)):
                await _store_slice(task, writer, slice_rows, rows.progress)
    finally:
        await writer.close()
    await jobs.finish(job, tally.document())


async def _store_slice(
    task: Import, writer: WriterConnection, rows: list[tuple[int, dict[str, str]]], progress: float
) -> None:
    if task.options.create_servers:
        await _create_servers(task, rows)
    readings = list(_readings(task, rows))
    task.tally.rows += len(rows)

    async with writer.transaction() as connection:
        if readings:
            task.tally.count(await _store(connection, rows_of(readings)))
        await jobs.save(connection, task.job, task.tally.document(), progress)


async def _store(connection: Connection, rows: Rows) -> Counts:
    merged = await hot.store(connection, rows, pack_rows(rows))
    await hot.raise_history_versions(connection, hot.servers_with_history(rows))
    return counts(merged, len(rows))


async def _create_servers(task: Import, rows: list[tuple[int, dict[str, str]]]) -> None:
    names = {_cell(row, task.options.server_column) for _, row in rows}
    missing = sorted(name for name in names - task.known_servers.keys() if servers.is_name(name))
    if missing:
        async with task.database.write(task.job.workspace_id) as session:
            task.known_servers.update(await servers.ensure(session, task.job.workspace_id, missing))


def _readings(task: Import, rows: Iterable[tuple[int, dict[str, str]]]) -> Iterator[Reading]:
    """The good rows; the others are noted in the tally."""
    for index, row in rows:
        server = _cell(row, task.options.server_column)
        number = task.known_servers.get(server) or task.known_servers.get(server.upper())
        try:
            document = _document(row, task.options)
            parsed: Any = ReadingIn.model_validate(document)
        except ValidationError as error:
            fault = error.errors()[0]
            task.tally.refuse(index, explain(fault["loc"], fault["msg"]))
            continue
        if number is None:
            task.tally.refuse(index, f"There is no server {server!r} in this workspace.")
        else:
            yield Reading(number, to_microseconds(parsed.timestamp), parsed.values)


def _document(row: dict[str, str], options: ImportOptions) -> dict[str, Any]:
    """A row as a reading's JSON: empty cells are absent, an instant must be there."""
    document: dict[str, Any] = {"server_ulid": "", "timestamp": _cell(row, options.timestamp_column)}
    for name, column in options.columns().items():
        if text := _cell(row, column):
            document[name] = _number(text)
    return document


def _number(text: str) -> float | str:
    """The number, or the text as it is for the validation to refuse by name. Python's 1_000 is no number here."""
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _cell(row: dict[str, str], column: str) -> str:
    return (row.get(column) or "").strip()


def _check_columns(rows: RowFile, options: ImportOptions) -> None:
    """Raises: JobFailed when the file lacks the server's or the instant's column, or has no quantity at all."""
    for column in (options.server_column, options.timestamp_column):
        if column not in rows.columns:
            have = ", ".join(rows.columns) or "none"
            raise JobFailed(f"The file has no column {column!r}; it has: {have}.")
    if not set(options.columns().values()) & set(rows.columns):
        raise JobFailed(f"The file has no column of a quantity ({', '.join(NAMES)}); name yours by the options.")
