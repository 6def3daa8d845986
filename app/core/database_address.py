"""Where PostgreSQL is; apart from the pool, for commands that must not touch metrics: those have files of their own."""

from sqlalchemy import make_url

from app.core.settings import Settings

CONNECT_TIMEOUT_SECONDS = 5


def driver_url(database_url: str, password: str | None = None) -> str:
    """The URL as SQLAlchemy names it for psycopg 3."""
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    return (url.set(password=password) if password else url).render_as_string(hide_password=False)


def configured_url(settings: Settings) -> str:
    """`DATABASE_URL` for SQLAlchemy, with the password of `DATABASE_PASSWORD_FILE` when that is set."""
    file = settings.database_password_file
    return driver_url(settings.database_url, file.read_text().strip() if file else None)
