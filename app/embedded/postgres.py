"""A PostgreSQL of our own, on 127.0.0.1."""

import signal
from pathlib import Path

import psycopg
from psycopg import sql

from app.core.secret import read_or_create
from app.embedded import leftovers
from app.embedded.child import Spec
from app.embedded.cluster import SUPERUSER, Cluster, environment
from app.embedded.errors import StartError
from app.embedded.folder import DataFolder

NAME = "sentinela"
# Recovery after a crash replays at most max_wal_size; a slow disk needs minutes for it.
READY_SECONDS = 300.0
# Beyond the processes' pools: maintenance, migrations, people.
SPARE_CONNECTIONS = 40


def spec(cluster: Cluster, folder: DataFolder, connections: int) -> Spec:
    """How the server runs: stock durability, no socket but 127.0.0.1, up to `connections` clients and a few more."""
    options = {
        "port": cluster.port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": connections + SPARE_CONNECTIONS,
        "shared_buffers": "128MB",
        "max_wal_size": "2GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
    }
    command = [cluster.programs.path("postgres"), "-D", str(cluster.data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return Spec(
        name="PostgreSQL",
        command=command,
        # The postmaster enters its data folder by itself; the caller's may be closed to its user.
        cwd=Path("/"),
        env=environment(),
        stop_rank=3,
        log=folder.log("postgres"),
        account=cluster.account,
        # Fast shutdown: transactions in flight are rolled back, what is committed is written out.
        stop_signal=signal.SIGINT,
        # Immediate shutdown: all its processes end at once, and the next start recovers from the log.
        death_signal=signal.SIGQUIT,
        clean=lambda: _clean(cluster),
    )


def answers(cluster: Cluster) -> bool:
    """Whether the server takes connections."""
    try:
        _connect(cluster).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StartError(f"{cluster.password_file} does not hold PostgreSQL's password any more") from error
        return False
    return True


def ensure_database(cluster: Cluster, folder: DataFolder) -> str:
    """The URL of the application's database, whose owner is no superuser; both are made when absent."""
    password = read_or_create(folder.path / "database_password")
    with _connect(cluster) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone()
        verb = sql.SQL("ALTER" if known else "CREATE")
        # CREATEROLE: the migrations make the reader's and the writer's role.
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN CREATEROLE PASSWORD {}").format(verb, sql.Identifier(NAME), sql.Literal(password))
        )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(NAME)))
    return f"postgresql://{NAME}:{password}@127.0.0.1:{cluster.port}/{NAME}"


def _connect(cluster: Cluster) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=cluster.port,
        user=SUPERUSER,
        password=cluster.password_file.read_text().strip(),
        dbname="postgres",
        autocommit=True,
        connect_timeout=2,
    )


def _clean(cluster: Cluster) -> None:
    """End backends of a killed postmaster, which hold its shared memory, and drop its lock file.

    The lock file names a pid that may by now be anybody's, at which PostgreSQL would refuse to start. The folder is
    locked by us and no process of it lives, so the file is stale.
    """
    leftovers.end(cluster.data, "postgres")
    if Path("/proc/self").exists():
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)
