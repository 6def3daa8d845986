"""Making a backup: a dump, sums and secrets of one moment, while everything goes on."""

import errno
import os
import shutil
from pathlib import Path

from app import __version__
from app.backup import contents, manifest, programs, secrets
from app.backup.errors import BackupFailed
from app.backup.manifest import DUMP, Bar, Manifest
from app.core.clock import format_instant

# The payloads of segments are compressed already; only rows and people gain, and the lowest level takes most of it.
COMPRESSION = "1"


def save(url: str, data_dir: Path, target: Path, bar: Bar) -> Manifest:
    """Write a backup of the database and the data folder's secrets into the new folder `target`.

    It grows beside its place and is moved there when it is whole. Raises: BackupFailed.
    """
    part = target.with_name(f".{target.name}.part")
    _make(target, part)
    try:
        made = _fill(url, data_dir, part, bar)
        # An empty folder gives way to the full one.
        part.replace(target)
        return made
    except OSError as error:
        raise BackupFailed(_reason(target, error)) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(url: str, data_dir: Path, part: Path, bar: Bar) -> Manifest:
    with programs.connect(url) as connection:
        # Everything that follows, pg_dump included, sees the database as it is at this moment.
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute(
            "SELECT pg_export_snapshot(), now(), current_setting('server_version')"
        ).fetchone() or ("", None, "")
        snapshot, moment, server = row
        revision = contents.revision(connection)
        if revision is None:
            raise BackupFailed("the database has no schema of Sentinela")
        with bar("Adding up") as progress:
            tables = contents.tables(connection)
            servers = contents.server_sums(connection, progress)
        with bar("Dumping") as progress:
            programs.run("pg_dump", _arguments(part / DUMP, str(snapshot)), url, tables, progress)
    names = secrets.save(data_dir, part)
    with bar("Checking") as progress:
        files = manifest.hash_files(part, progress)
    made = Manifest(
        sentinela=__version__,
        revision=revision,
        postgresql=str(server),
        taken_at=format_instant(moment),  # type: ignore[arg-type]
        tables=tables,
        servers=servers,
        secrets=names,
        files=files,
    )
    manifest.write(part, made)
    _sync(part)
    return made


def _arguments(folder: Path, snapshot: str) -> list[str]:
    """Data alone: the schema is the sum of the migrations, with its roles and policies wherever it is built."""
    return [
        *("--format=directory", f"--file={folder}", f"--compress={COMPRESSION}", f"--snapshot={snapshot}"),
        *("--data-only", "--schema=public", *(f"--exclude-table=public.{name}" for name in contents.NOT_SAVED)),
        "--lock-wait-timeout=10s",
    ]


def _make(target: Path, part: Path) -> None:
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BackupFailed(f"{target} is there already: a backup needs a folder of its own")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
    except OSError as error:
        raise BackupFailed(_reason(target, error)) from None


def _reason(target: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"the disk of {target} is full"
    return f"cannot write {target}: {error.strerror or error}"


def _sync(folder: Path) -> None:
    """A backup that is said to be there is on the disk."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
