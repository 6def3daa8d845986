"""Which database: the given one, that of a running `up`, or our own, started for the purpose."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from app.backup.errors import BackupFailed
from app.core.database_address import configured_url
from app.core.settings import Settings
from app.embedded import services
from app.embedded.errors import FolderInUse, StartError
from app.embedded.folder import RUN_FILE, DataFolder, read_json

Say = Callable[[str], None]


@contextmanager
def to_read(settings: Settings, say: Say) -> Iterator[str]:
    """The URL of a database that somebody may be using meanwhile. Raises: BackupFailed."""
    if settings.database_url:
        yield _given(settings)
        return
    if not (settings.data_dir / "postgres" / "data").is_dir():
        url = read_json(settings.data_dir / RUN_FILE).get("database_url")
        if not url:
            raise BackupFailed(f"there is nothing in {settings.data_dir}: name the folder of `up` by --data-dir")
        yield str(url)
        return
    try:
        with _own(settings, say) as url:
            yield url
    except FolderInUse:
        yield str(read_json(settings.data_dir / RUN_FILE)["database_url"])


@contextmanager
def to_fill(settings: Settings, say: Say) -> Iterator[str]:
    """The URL of a database that nobody else uses, as far as this can tell. Raises: BackupFailed."""
    if settings.database_url:
        yield _given(settings)
        return
    try:
        with _own(settings, say) as url:
            yield url
    except FolderInUse as error:
        raise BackupFailed(str(error)) from None


@contextmanager
def _own(settings: Settings, say: Say) -> Iterator[str]:
    try:
        with DataFolder(settings.data_dir) as folder, services.database_alone(folder, say) as url:
            yield url
    except FolderInUse:
        raise
    except StartError as error:
        raise BackupFailed(str(error)) from None


def _given(settings: Settings) -> str:
    return make_url(configured_url(settings)).set(drivername="postgresql").render_as_string(hide_password=False)
