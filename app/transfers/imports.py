"""Readings from an uploaded file: a job that commits in parts and goes on where the last commit ended.

What is older than the hours that stay hot goes straight into segments, the rest becomes hot rows.
"""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ahead import ahead
from app.core.copy import Connection, WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.core.queue import Resources
from app.jobs import service as jobs
from app.jobs.errors import JobCancelled, JobFailed
from app.jobs.service import Held
from app.readings import hot, straight
from app.readings.cells import Cell
from app.readings.packing import pack_rows
from app.readings.registry import Registry
from app.readings.rows import EMPTY, Rows
from app.readings.schemas import MAX_REJECTED_SHOWN
from app.readings.segments import hours_of
from app.readings.sent import SentQuantities
from app.readings.waiting import Counts, counts
from app.servers import service as servers
from app.transfers.files import open_file
from app.transfers.loads import Load, Loader, Refused
from app.transfers.schemas import ImportOptions

# Hot rows of one transaction: they commit in some 50 ms, so that live ingest of the same servers hardly waits.
PART_ROWS = 5000


@dataclass(slots=True)
class Tally:
    """What an import did so far; `rows` are those of the file that are done with."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    updated: int = 0
    rejected_count: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, refused: Refused) -> None:
        self.rejected_count += len(refused)
        for index, detail in refused[: MAX_REJECTED_SHOWN - len(self.rejected)]:
            # PostgreSQL stores no NUL, and the detail may quote the file.
            self.rejected.append({"index": index, "detail": detail.replace("\x00", "\ufffd")})

    def told(self) -> dict[str, Any]:
        """As the job's result. A job that stopped within a load has stored more rows than it is done with."""
        handled = self.accepted + self.duplicates + self.updated + self.rejected_count
        return asdict(self) | {"rows": max(self.rows, handled)}

    def count(self, stored: Counts) -> None:
        self.accepted += stored.accepted
        self.duplicates += stored.duplicates
        self.updated += stored.updated


@dataclass(slots=True)
class Checkpoint:
    """How far a job is, saved in the transaction of each part."""

    tally: Tally
    first_hot: int
    """Readings before this instant go into segments; the same in every run of the job."""
    begun: bool = False
    """Whether anything of the load that begins at row `tally.rows` is committed; then its refused rows are counted."""
    hot_rows: int = 0
    """How many of its hot rows are."""
    cell: Cell | None = None
    """The last of its cells that is."""
    progress: float = 0.0
    """The share of the file that was done when it began."""

    @classmethod
    def read(cls, document: dict[str, Any], first_hot: int) -> "Checkpoint":
        """What `asdict` made, or an earlier release, which saved the tally alone; empty for a new job."""
        if "tally" not in document:
            return cls(Tally(**document), first_hot)
        return cls(**document | {"tally": Tally(**document["tally"])})

    def share(self, load: Load, left: int) -> float:
        """The share of the file that is done with when so many rows of the load are left, 0 to 1."""
        done = 1 - left / max(1, len(load))
        return self.progress + (load.progress - self.progress) * done

    def end_load(self, load: Load) -> None:
        """All of the load is committed, and the next one begins behind it."""
        self.tally.rows, self.progress = load.end, load.progress
        self.begun, self.hot_rows, self.cell = False, 0, None


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction stores."""

    rows: Rows
    hot: bool


async def run(resources: Resources, job_ulid: str) -> None:
    """Import the job's file; does nothing when another worker holds the job or it has ended."""
    async with jobs.hold(resources.database, job_ulid) as job:
        if job is None:
            return
        path = Path(job.parameters["path"])
        lag = timedelta(minutes=resources.settings.seal_lag_minutes)
        point = Checkpoint.read(job.checkpoint, straight.first_hot(lag))
        try:
            await _import_file(resources.database, job, path, point)
        except JobCancelled as error:
            # The tally holds the part that was rolled back; the checkpoint does not.
            await jobs.fail(job, str(error), Checkpoint.read(job.checkpoint, point.first_hot).tally.told())
            return
        except JobFailed as error:
            await jobs.fail(job, str(error), point.tally.told())
        except UNAVAILABLE:
            # The database went away: the row stays as it is, and the sweep sends the job again.
            raise
        except Exception:
            await jobs.fail(job, "The import stopped at an unexpected error; the log has it.", point.tally.told())
            raise
        else:
            path.unlink(missing_ok=True)


async def _import_file(database: Database, job: Held, path: Path, point: Checkpoint) -> None:
    if not path.exists():
        raise JobFailed("The uploaded file is no longer there; upload it again.")
    options = ImportOptions.model_validate(job.parameters["options"])
    async with database.write(job.workspace_id) as session:
        known = await servers.numbers(session, job.workspace_id)
    registry = Registry(database)
    custom = await registry.known(job.workspace_id)
    loader = Loader(database, job.workspace_id, options, known, registry, point.first_hot)
    writer = hot.writer_for(database)
    try:
        with open_file(path, options.decoding(), custom) as file:
            async with aclosing(ahead(loader.loads(file, point.tally.rows))) as loads:
                async for load in loads:
                    await _store_load(job, writer, load, point)
    finally:
        await writer.close()
    await jobs.finish(job, asdict(point.tally))


async def _store_load(job: Held, writer: WriterConnection, load: Load, point: Checkpoint) -> None:
    parts = list(_parts(load, point))
    if not point.begun:
        point.tally.refuse(load.refused)
    left = sum(len(part.rows) for part in parts)
    for place, part in enumerate(parts or [Part(EMPTY, hot=True)], 1):
        left -= len(part.rows)
        # Saved together with how far the job is: what a crash of the machine takes back is done again.
        async with writer.transaction(durable=False) as connection:
            await _store_part(connection, part, point)
            progress = point.share(load, left)
            if place >= len(parts):
                point.end_load(load)
            await jobs.save(connection, job, asdict(point), progress)


def _parts(load: Load, point: Checkpoint) -> Iterator[Part]:
    """What of a load is left: hot rows in the file's order, then cells in theirs."""
    old, young = load.old, load.young
    for start in range(point.hot_rows, len(young), PART_ROWS):
        yield Part(young.between(start, start + PART_ROWS), hot=True)
    if point.cell is not None:
        server_id, hour = point.cell
        old = old.take((old.server > server_id) | ((old.server == server_id) & (hours_of(old.ts) > hour)))
    for part in straight.parts(old):
        yield Part(part, hot=False)


async def _store_part(connection: Connection, part: Part, point: Checkpoint) -> None:
    point.begun = True
    rows = part.rows
    if part.hot and len(rows):
        point.tally.count(counts(await hot.store(connection, rows, pack_rows(rows)), len(rows)))
        await hot.raise_history_versions(connection, hot.servers_with_history(rows))
        sent = SentQuantities()
        await sent.write(connection, sent.fresh_of(rows, np.unique(rows.server).tolist()))
        point.hot_rows += len(rows)
    elif len(rows):
        point.tally.count(await straight.fold(connection, rows))
        point.cell = (int(rows.server[-1]), int(hours_of(rows.ts[-1:])[0]))
