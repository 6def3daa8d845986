"""pg_dump and pg_restore: found, run, and their errors put into words."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import IO

import psycopg
from sqlalchemy import make_url

from app.backup.contents import CopyProgress
from app.backup.errors import BackupFailed
from app.backup.manifest import Progress, TableFacts
from app.core.process import die_with_parent
from app.embedded.binaries import find_client

LOOK_SECONDS = 0.2
_DISK_FULL = "No space left on device"


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection without limits of time, whose texts do not depend on anybody's settings."""
    options = (
        "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c statement_timeout=0 "
        "-c idle_in_transaction_session_timeout=0 -c lock_timeout=10s"
    )
    try:
        return psycopg.connect(url, options=options, connect_timeout=10, autocommit=True, application_name="sentinela")
    except psycopg.OperationalError as error:
        raise BackupFailed(f"cannot use the database at {_without_password(url)}: {_last_line(str(error))}") from None


def run(name: str, arguments: list[str], url: str, facts: dict[str, TableFacts], progress: Progress) -> None:
    """Run one of the programs against the database. Raises: BackupFailed with what it said last."""
    program = find_client(name)
    if program is None:
        raise BackupFailed(f"there is no {name}: install PostgreSQL's client programs, or put {name} on the PATH")
    with connect(url) as watching, tempfile.TemporaryFile("w+", errors="replace") as said:
        process = _spawn([program, "--dbname", _without_password(url), "--no-password", *arguments], url, said)
        try:
            _watch(process, CopyProgress(watching, facts), progress)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        if process.returncode != 0:
            raise BackupFailed(f"{name} failed: {_explain(said.read(), program)}")
    progress(1.0)


def _spawn(command: list[str], url: str, said: IO[str]) -> subprocess.Popen[bytes]:
    # The password stands in the environment, which others cannot read, and not in the list of processes.
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGPASSWORD": make_url(url).password or ""}
    return subprocess.Popen(  # noqa: S603 - a list made here
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        preexec_fn=partial(die_with_parent, signal.SIGTERM, parent=os.getpid()),
    )


def _watch(process: subprocess.Popen[bytes], share: Callable[[], float], progress: Progress) -> None:
    while process.poll() is None:
        try:
            progress(share())
        except psycopg.Error:
            # The bar stands still; the program itself will say what became of the database.
            return _wait(process)
        time.sleep(LOOK_SECONDS)
    return None


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def _explain(messages: str, program: str) -> str:
    if _DISK_FULL in messages:
        return "the disk is full"
    if "server version mismatch" in messages:
        return f"{program} is older than the server; put the server's own version first on the PATH"
    lines = [line for line in messages.splitlines() if "error:" in line]
    return lines[0].partition("error: ")[2] if lines else _last_line(messages)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def _without_password(url: str) -> str:
    return make_url(url).set(drivername="postgresql", password=None).render_as_string(hide_password=False)
