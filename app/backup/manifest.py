"""`manifest.json` of a backup: which version made it, what is in it, and by which sums to know it again."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app import __version__
from app.backup.errors import BackupFailed

NAME = "manifest.json"
# The folder of pg_dump's files.
DUMP = "data"
# Raised when an older Sentinela could not restore what a newer one writes.
FORMAT = 1
_PIECE_BYTES = 2**20

Progress = Callable[[float], None]
"""Takes the share that is done, 0 to 1."""
Bar = Callable[[str], AbstractContextManager[Progress]]
"""Shows a title and how far the work under it is."""


@dataclass(frozen=True)
class ServerSum:
    """What is stored of one server: rows and segments alike."""

    server_ulid: str
    name: str
    readings: int
    """Rows of hot readings, and the readings of its segments; one that stands in both counts twice."""
    checksum: str
    """16 hexadecimal digits; the same wherever and in whatever order the same is stored."""


@dataclass(frozen=True)
class TableFacts:
    """One table of the dump."""

    rows: int
    bytes: int
    """On the disk of the database, without indexes; tells how far a dump or a restore is."""


@dataclass(frozen=True)
class Manifest:
    """All that is written down about a backup."""

    sentinela: str
    revision: str
    """The schema's revision, as alembic names it."""
    postgresql: str
    taken_at: str
    tables: dict[str, TableFacts]
    servers: list[ServerSum]
    secrets: list[str]
    files: dict[str, str]
    """SHA-256 of every file but this one, by its path in the backup."""
    format: int = FORMAT


def write(folder: Path, manifest: Manifest) -> None:
    (folder / NAME).write_text(json.dumps(asdict(manifest), indent=1) + "\n")


def read(folder: Path) -> Manifest:
    """The manifest of a backup that this version can restore. Raises: BackupFailed."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text())
        # First of all: what follows may look different in a format that is not known here.
        _refuse_newer(found)
        tables = {name: TableFacts(**facts) for name, facts in found.pop("tables").items()}
        servers = [ServerSum(**server) for server in found.pop("servers")]
        return Manifest(tables=tables, servers=servers, **found)
    except FileNotFoundError:
        raise BackupFailed(f"{folder} is no backup: it has no {NAME}") from None
    except OSError as error:
        raise BackupFailed(f"cannot read {folder / NAME}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupFailed(f"{folder / NAME} is damaged") from None


def _refuse_newer(found: dict[str, Any]) -> None:
    made_by = str(found["sentinela"])
    if int(found["format"]) > FORMAT:
        raise BackupFailed(f"the backup's format {found['format']} is newer than Sentinela {__version__} knows")
    if _parts(made_by) > _parts(__version__):
        raise BackupFailed(f"the backup was made by Sentinela {made_by}, this is {__version__}: restore it with that")


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split("+")[0].split(".")]


def hash_files(folder: Path, progress: Progress) -> dict[str, str]:
    """SHA-256 of every file in a folder but the manifest, by its path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / NAME]
    total = sum(path.stat().st_size for path in files) or 1
    done, found = 0, {}
    for path in files:
        digest = hashlib.sha256()
        for piece in _pieces(path):
            digest.update(piece)
            done += len(piece)
            progress(done / total)
        found[path.relative_to(folder).as_posix()] = digest.hexdigest()
    return found


def check_files(folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Raise BackupFailed, naming the file, when one is missing, more than there was, or changed."""
    try:
        found = hash_files(folder, progress)
    except OSError as error:
        raise BackupFailed(f"cannot read {error.filename}: {error.strerror}") from None
    for name in sorted(manifest.files.keys() | found.keys()):
        if name not in found:
            raise BackupFailed(f"the backup is damaged: {name} is missing")
        if manifest.files.get(name) != found[name]:
            raise BackupFailed(f"the backup is damaged: {name} is not what it was")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
