"""PostgreSQL and Valkey for `up`: the given ones, else our own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.core.redis_address import url_with_password
from app.core.settings import Settings
from app.embedded import cluster, postgres, valkey
from app.embedded.folder import RUN_FILE, DataFolder, write_json
from app.embedded.supervisor import Supervisor

# What a dump or a restore opens at once, and room for somebody who looks on.
CONNECTIONS_ALONE = 10


@dataclass(frozen=True)
class Services:
    """Where the databases are, and which of them `up` runs itself."""

    database_url: str
    redis_url: str
    own_database: bool
    own_redis: bool


def start(
    supervisor: Supervisor,
    folder: DataFolder,
    settings: Settings,
    connections: int,
    meanwhile: Callable[[], None],
) -> Services:
    """Start what is not given; both take connections when this returns.

    `connections` is how many PostgreSQL must allow to the application. `meanwhile` is work for the time in which the
    databases start; it may run twice. The addresses are written to `run.json`,
    which also makes the next start choose the same ports. Raises: StartError.
    """
    _check_given(settings)
    own_valkey = None if settings.redis_url else _start_valkey(supervisor, folder)
    own_postgres = None if settings.database_url else _start_postgres(supervisor, folder, connections, meanwhile)
    meanwhile()
    if own_valkey:
        supervisor.wait_for("Valkey", lambda: valkey.answers(own_valkey), valkey.READY_SECONDS)
    if own_postgres:
        supervisor.wait_for("PostgreSQL", lambda: postgres.answers(own_postgres), postgres.READY_SECONDS)
    services = Services(
        postgres.ensure_database(own_postgres, folder) if own_postgres else settings.database_url,
        own_valkey.url if own_valkey else settings.redis_url,
        own_database=own_postgres is not None,
        own_redis=own_valkey is not None,
    )
    ports = {
        "postgres_port": own_postgres.port if own_postgres else None,
        "valkey_port": own_valkey.port if own_valkey else None,
    }
    urls = {"database_url": services.database_url, "redis_url": services.redis_url}
    write_json(folder.path / RUN_FILE, ports | urls)
    return services


@contextmanager
def database_alone(folder: DataFolder, say: Callable[[str], None]) -> Iterator[str]:
    """The URL of the data folder's PostgreSQL, which runs while the block does, and nothing else of `up`.

    Raises: StartError; StopRequested from within the block when somebody asks for a stop.
    """
    with Supervisor(say) as supervisor:
        server = _start_postgres(supervisor, folder, CONNECTIONS_ALONE, lambda: None)
        supervisor.wait_for("PostgreSQL", lambda: postgres.answers(server), postgres.READY_SECONDS)
        with supervisor.abortable():
            yield postgres.ensure_database(server, folder)


def _check_given(settings: Settings) -> None:
    password = settings.redis_password_file
    for name in ("redis_url", "cache_url", "broker_url"):
        url = getattr(settings, name)
        if url:
            valkey.check_given(url_with_password(url, password), name.upper())


def _start_valkey(supervisor: Supervisor, folder: DataFolder) -> valkey.Valkey:
    server = valkey.prepare(folder)
    supervisor.start(valkey.spec(server, folder))
    return server


def _start_postgres(
    supervisor: Supervisor, folder: DataFolder, connections: int, meanwhile: Callable[[], None]
) -> cluster.Cluster:
    server = cluster.prepare(folder, supervisor, meanwhile)
    supervisor.start(postgres.spec(server, folder, connections))
    return server
