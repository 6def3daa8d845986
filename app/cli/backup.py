"""`backup` and `restore`; `verify` of a backup lies beside that of the segments."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import CommandFailed, one_line_errors, print_table, say_error, stderr
from app.cli.progress import share_bar
from app.core.settings import Settings, get_settings

if TYPE_CHECKING:
    from app.backup.manifest import Manifest

# The modules of app.backup are imported where they are used: SQLAlchemy and alembic would add half a second to the
# start of every other command.
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the system, as given to `up`. Its database counts unless DATABASE_URL is set.",
        show_default="DATA_DIR, or the folder that `up` uses",
    ),
]


@one_line_errors
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder to write.")],
    data_dir: DataDir = None,
) -> None:
    """Save everything that a running or stopped system holds into a folder.

    The backup is of one moment; readings go on coming in meanwhile. It holds
    the secrets of the data folder, so keep it as safe as that.

    Example: sentinela backup /backups/2026-01-31
    """
    from app.backup import place, saving

    settings = _settings(data_dir)
    with _failures(), place.to_read(settings, say_error) as url:
        made = saving.save(url, settings.data_dir, target.expanduser().absolute(), share_bar)
    if settings.secret_key:
        stderr().print("SECRET_KEY comes from the environment and is not part of the backup.")
    _print(made)


@one_line_errors
def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `backup` has written.")],
    data_dir: DataDir = None,
) -> None:
    """Restore a backup into a new data folder, or into an empty database.

    What was restored is compared with what was saved, server by server. A
    database that holds anything is refused; a failure leaves it empty.

    Example: sentinela restore /backups/2026-01-31 --data-dir /srv/sentinela
    """
    from app.backup import place, restoring

    settings = _settings(data_dir)
    source = source.expanduser().absolute()
    with _failures():
        found = restoring.check(source, share_bar)
        with place.to_fill(settings, say_error) as url:
            filled = {"database_url": url, "database_password_file": None}
            restoring.restore(source, found, settings.model_copy(update=filled), share_bar)
    _print(found)


def verify_backup(source: Path) -> None:
    """Check every file of a backup by its sum, and that this version can restore it."""
    from app.backup import restoring

    with _failures():
        found = restoring.check(source.expanduser().absolute(), share_bar)
    _print(found)


def _settings(data_dir: Path | None) -> Settings:
    # What is written holds data or secrets; nobody else on the machine needs to read it.
    os.umask(0o077)
    if data_dir:
        os.environ["DATA_DIR"] = str(data_dir.expanduser().absolute())
    return get_settings()


@contextmanager
def _failures() -> Iterator[None]:
    from app.backup.errors import BackupFailed
    from app.embedded.supervisor import StopRequested

    try:
        yield
    except BackupFailed as failure:
        raise CommandFailed(str(failure)) from None
    except (KeyboardInterrupt, StopRequested):
        raise CommandFailed("stopped; nothing is left half done") from None


def _print(found: "Manifest") -> None:
    facts = {
        "taken": found.taken_at,
        "servers": f"{len(found.servers):,}",
        "readings": f"{sum(server.readings for server in found.servers):,}",
        "version": found.sentinela,
    }
    print_table([facts], facts)
