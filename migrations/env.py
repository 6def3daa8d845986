"""Alembic's entry: every migration runs with a lock timeout, in a transaction of its own, on psycopg 3."""

from alembic import context
from sqlalchemy import create_engine, text

# Imported for their tables: `alembic check` compares these with the database.
from app.alerts import tables as alerts_tables  # noqa: F401
from app.auth import tables as auth_tables  # noqa: F401
from app.core import schedule  # noqa: F401
from app.core.database_address import configured_url
from app.core.db import Table
from app.core.settings import get_settings
from app.jobs import tables as jobs_tables  # noqa: F401
from app.presence import tables as presence_tables  # noqa: F401
from app.readings import tables as readings_tables  # noqa: F401
from app.servers import tables as servers_tables  # noqa: F401
from app.views import tables as views_tables  # noqa: F401

# Whoever wants a table for oneself makes every request that comes later queue behind. So a migration waits no longer
# than this for somebody before it; it fails and is tried again.
LOCK_TIMEOUT = "1s"


def run() -> None:
    """Run on the connection that `app.core.migrate` hands over, or on one of our own for the alembic command."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    engine = create_engine(configured_url(get_settings()))
    with engine.connect() as fresh:
        _migrate(fresh)
        fresh.commit()
    engine.dispose()


def _migrate(connection) -> None:  # type: ignore[no-untyped-def]
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    # One after the other: what a migration has locked is free again before the next one does its work.
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
