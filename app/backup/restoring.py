"""Restoring a backup into an empty database, all or nothing, and proving that it is the same."""

from pathlib import Path

from psycopg import sql

from app.backup import contents, manifest, programs, secrets
from app.backup.contents import Connection
from app.backup.errors import BackupFailed
from app.backup.manifest import DUMP, Bar, Manifest, ServerSum
from app.core import migrate
from app.core.settings import Settings

# Differing servers that are named in the error.
NAMED = 5
_ARGUMENTS = ("--data-only", "--single-transaction", "--exit-on-error", "--no-owner")


def check(backup: Path, bar: Bar) -> Manifest:
    """The manifest of a backup that is whole and that this version can restore. Raises: BackupFailed."""
    found = manifest.read(backup)
    if not migrate.knows(found.revision):
        raise BackupFailed(f"the backup's schema {found.revision} is not known here: a newer Sentinela made it")
    with bar("Checking") as progress:
        manifest.check_files(backup, found, progress)
    return found


def restore(backup: Path, found: Manifest, settings: Settings, bar: Bar) -> None:
    """Fill the database of the settings, which must be empty, and put the secrets into the data folder.

    The schema is built as it was at the time of the backup, filled in one transaction, held against the backup's sums,
    and only then brought up to date. Raises: BackupFailed.
    """
    url = settings.database_url
    secrets.refuse_others(backup, settings.data_dir, found.secrets)
    with programs.connect(url) as connection:
        _refuse_filled(connection, found.revision)
    try:
        # Whoever starts meanwhile waits for this lock before anything else.
        with migrate.locked(settings) as upgrade_to:
            upgrade_to(found.revision)
            _load(backup, found, url, bar)
            upgrade_to("head")
    except migrate.DatabaseUnavailable as error:
        raise BackupFailed(str(error)) from None
    try:
        secrets.restore(backup, settings.data_dir, found.secrets)
    except OSError as error:
        raise BackupFailed(f"cannot write into {settings.data_dir}: {error.strerror}") from None


def _refuse_filled(connection: Connection, revision: str) -> None:
    filled = [name for name, facts in contents.tables(connection).items() if facts.rows]
    if filled:
        raise BackupFailed(
            f"the database is not empty (there are rows in {filled[0]}): restore into a new --data-dir or database"
        )
    if contents.revision(connection) not in (None, revision):
        raise BackupFailed("the database has a schema of another version already: restore into a new one")


def _load(backup: Path, found: Manifest, url: str, bar: Bar) -> None:
    with bar("Restoring") as progress:
        programs.run("pg_restore", [*_ARGUMENTS, str(backup / DUMP)], url, found.tables, progress)
    with programs.connect(url) as connection:
        try:
            with bar("Comparing") as progress:
                servers = contents.server_sums(connection, progress)
            _require_same(found, servers, contents.tables(connection))
        except BaseException:
            names = sql.SQL(", ").join(sql.Identifier("public", name) for name in found.tables)
            connection.execute(sql.SQL("TRUNCATE {}").format(names))
            raise
        connection.execute("ANALYZE")


def _require_same(found: Manifest, servers: list[ServerSum], tables: dict[str, manifest.TableFacts]) -> None:
    wrong = [name for name, facts in found.tables.items() if tables[name].rows != facts.rows]
    if wrong:
        raise BackupFailed(f"what was restored is not what was saved: {', '.join(wrong)} have other rows")
    if servers != found.servers:
        differing = [server.name for server in found.servers if server not in servers][:NAMED]
        raise BackupFailed(f"what was restored is not what was saved, of these servers: {', '.join(differing)}")
