"""Bring the schema to this code's version; safe to call from every process at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.core.database_address import CONNECT_TIMEOUT_SECONDS, configured_url
from app.core.settings import Settings, shipped
from app.core.text import first_line

OLDEST_POSTGRESQL = 15
# Any constant will do that no other program on this database uses: "sentinel" as eight bytes.
MIGRATION_LOCK = 0x73656E74696E656C

# Seconds between two tries to get a table for oneself: some five minutes in all, which outlasts most backups.
PAUSES = (1, 2, 4, *[8] * 37)

log = structlog.get_logger()


class DatabaseUnavailable(Exception):
    """One line for people: which database, what is wrong; the password is masked."""

    def __init__(self, message: str, may_recover: bool = False, reason: BaseException | None = None) -> None:
        super().__init__(message)
        self.may_recover = may_recover
        """Whether waiting can help: the server did not answer yet, or is starting."""
        self.reason = reason
        """The driver's own error."""


def upgrade(settings: Settings) -> None:
    """Run the pending migrations under an advisory lock; a schema that is newer than this code stays as it is.

    A migration that waits for somebody else's lock gives up, lets those through who queued behind it, and tries again.

    Raises: DatabaseUnavailable when the database does not answer, refuses us, or is older than PostgreSQL 15.
    """
    for pause in PAUSES:
        try:
            with locked(settings) as upgrade_to:
                upgrade_to("head")
            return
        except DatabaseUnavailable as error:
            if not isinstance(error.reason, LockNotAvailable):
                raise
            log.warning("migration_waits_for_a_lock", reason=str(error), pause_seconds=pause)
            time.sleep(pause)
    with locked(settings) as upgrade_to:
        upgrade_to("head")


@contextmanager
def locked(settings: Settings) -> Iterator[Callable[[str], None]]:
    """A function that migrates up to a revision; nobody else migrates while the block lasts.

    Raises: DatabaseUnavailable, likewise.
    """
    if not settings.database_url:
        raise DatabaseUnavailable("DATABASE_URL is not set; set it, or run ./sentinela up, which brings a PostgreSQL")
    url = make_url(configured_url(settings))
    engine = create_engine(url, connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS})
    try:
        with engine.connect() as connection:
            _check_version(connection)
            with _lock(connection):
                yield lambda revision: _upgrade(connection, revision)
    except (OperationalError, ProgrammingError) as error:
        reason = first_line(error.orig or error).removeprefix("connection failed: ")
        shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
        refused = any(word in reason for word in ("authentication", "does not exist", "permission"))
        message = f"cannot use the database at {shown}: {reason}"
        raise DatabaseUnavailable(message, not refused, error.orig) from error
    finally:
        engine.dispose()


def knows(revision: str) -> bool:
    """Whether this code has the migration of that name."""
    try:
        ScriptDirectory.from_config(alembic_config()).get_revision(revision)
    except CommandError:
        return False
    return True


def alembic_config() -> Config:
    """Alembic's configuration, found from any working directory."""
    return Config(shipped("alembic.ini"))


def _check_version(connection: Connection) -> None:
    found = str(connection.scalar(text("SHOW server_version")))
    if int(found.split(".")[0]) < OLDEST_POSTGRESQL:
        raise DatabaseUnavailable(f"PostgreSQL {found} is too old; Sentinela needs {OLDEST_POSTGRESQL} or newer")


@contextmanager
def _lock(connection: Connection) -> Iterator[None]:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


def _upgrade(connection: Connection, revision: str) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    if found and not knows(found):
        # An older process that starts again during an upgrade, or the way back after one: old code survives each step.
        log.warning("schema_is_newer", revision=found)
        return
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.commit()
