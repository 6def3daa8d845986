"""PostgreSQL's files in the data folder: made once, checked at each start."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.core.process import die_with_parent
from app.embedded.account import Account, account_for, run_as
from app.embedded.binaries import PostgresPrograms, find_postgres
from app.embedded.errors import StartError
from app.embedded.folder import RUN_FILE, DataFolder, read_json, write_private
from app.embedded.ports import free_port
from app.embedded.supervisor import Supervisor

SUPERUSER = "postgres"
BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True)
class Cluster:
    """A cluster on disk and how to reach it."""

    programs: PostgresPrograms
    account: Account | None
    home: Path
    port: int

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def password_file(self) -> Path:
        return self.home / "password"


def prepare(folder: DataFolder, supervisor: Supervisor, meanwhile: Callable[[], None]) -> Cluster:
    """The cluster of the data folder, made on the first run, while `meanwhile` runs.

    Raises: StartError with what to mend.
    """
    home = folder.path / "postgres"
    account = account_for(home)
    programs = find_postgres(copy_to=folder.path if account else None)
    _require_access(programs, account, folder.path)
    home.mkdir(mode=0o700, exist_ok=True)
    if account:
        account.own(home, 0o700)
    port = free_port(read_json(folder.path / RUN_FILE).get("postgres_port"))
    cluster = Cluster(programs, account, home, port)
    _require_same_major(cluster)
    if not cluster.data.exists():
        _initialise(cluster, supervisor, meanwhile)
    return cluster


def environment() -> dict[str, str]:
    """Nothing of the caller's: PGOPTIONS and its like would change the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _initialise(cluster: Cluster, supervisor: Supervisor, meanwhile: Callable[[], None]) -> None:
    """Run initdb beside the final place and rename, so that a killed first run leaves nothing half made."""
    write_private(cluster.password_file, secrets.token_hex(32))
    if cluster.account:
        cluster.account.own(cluster.password_file, 0o600)
    fresh = cluster.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    process = _spawn_initdb(cluster, fresh)
    try:
        meanwhile()
        while process.poll() is None:
            supervisor.checkpoint()
            time.sleep(0.01)
    finally:
        # Its whole group: initdb runs servers of its own.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _, messages = process.communicate()
    if process.returncode != 0:
        raise StartError(f"initdb failed: {_last_line(messages)}")
    fresh.rename(cluster.data)


def _spawn_initdb(cluster: Cluster, fresh: Path) -> subprocess.Popen[str]:
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return subprocess.Popen(  # noqa: S603 - a list made here
        [
            *(cluster.programs.path("initdb"), "-D", str(fresh), "-U", SUPERUSER, "-A", "scram-sha-256"),
            *("--pwfile", str(cluster.password_file), "--encoding=UTF8", "--locale=C", "--data-checksums"),
            *(builtin if cluster.programs.major >= BUILTIN_LOCALE_SINCE else []),
        ],
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, signal.SIGKILL, parent=os.getpid()),
        **run_as(cluster.account),
    )


def _require_access(programs: PostgresPrograms, account: Account | None, folder: Path) -> None:
    if account is None:
        return
    try:
        subprocess.run(  # noqa: S603 - a list made here
            [programs.path("postgres"), "--version"],
            cwd="/",
            capture_output=True,
            check=True,
            **run_as(account),
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartError(
            f"PostgreSQL runs as the user {account.name}, who cannot enter {folder}; "
            f"choose another --data-dir, or do not run as root"
        ) from error


def _require_same_major(cluster: Cluster) -> None:
    file = cluster.data / "PG_VERSION"
    made_by = file.read_text().strip() if file.exists() else str(cluster.programs.major)
    if made_by != str(cluster.programs.major):
        raise StartError(
            f"{cluster.data} was made by PostgreSQL {made_by}, this is {cluster.programs.major}; "
            f"dump it with the old version or choose another --data-dir"
        )


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
