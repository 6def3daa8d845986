"""The running system that tests talk to: one `up` for the whole session."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import IO

import httpx
import psutil
from sqlalchemy import make_url

from app.core.process import die_with_parent

# Only to end a hang: what a start and a stop promise is asserted in tests/cli/test_up.py.
START_SECONDS = 120.0
STOP_SECONDS = 60.0
# Whatever of the caller's could lead the system under test to another database or person.
FOREIGN = (
    *("DATABASE_", "REDIS_", "CACHE_URL", "BROKER_URL", "SECRET_KEY", "DATA_DIR", "REGISTRATION", "INGEST_AUTH"),
    *("RATE_LIMIT_", "OIDC_"),
    *("SENTINELA_", "OTEL_", "PROMETHEUS_", "PYTEST_"),
)

# Whole credentials, as the system makes them: a prefix alone is shown on purpose.
_SECRET = re.compile(
    r"snt_[a-z]_[\w-]{20,}|whsec_[\w+/=-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|\$argon2"
    # An authenticator's secret, and a recovery code.
    r"|otpauth:|\b[A-Z2-7]{32}\b|\b[A-Z2-7]{4}(-[A-Z2-7]{4}){3}\b"
)


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without anything that configures Sentinela, plus `extra`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | extra


def scratch_folder() -> Path:
    """A new folder that PostgreSQL's user can pass through when root runs the tests; pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="sentinela-test-"))
    folder.chmod(0o711)
    # An empty file: without one in the working directory `up` would follow the project's.
    (folder / ".env").touch()
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class System:
    """`sentinela up` on a data folder of its own; may be started again on the same folder."""

    def __init__(self, folder: Path, workers: int = 1, **environment: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.output = folder / "up.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.workers = workers
        self.environment = clean_environment(**environment)
        self.process: subprocess.Popen[bytes] | None = None
        self._said = 0
        self.secrets: set[str] = set()
        """Passwords and the like that tests have chosen."""

    @property
    def admin_key(self) -> str:
        return str(self._facts("cli.json")["key"])

    @property
    def database_url(self) -> str:
        return str(self._facts("run.json")["database_url"])

    @property
    def redis_url(self) -> str:
        return str(self._facts("run.json")["redis_url"])

    def command(self, *arguments: str) -> list[str]:
        up = [sys.executable, "-m", "app.cli", "up", "--port", str(self.port), "--workers", str(self.workers)]
        return [*up, "--data-dir", str(self.data_dir), *arguments]

    def start(self, *arguments: str) -> "System":
        """Start and wait until it is ready; raises RuntimeError with the end of every log when it is not."""
        with self.output.open("ab") as output:
            self._said = output.tell()
            self.process = self._spawn(output, arguments)
        deadline = time.monotonic() + START_SECONDS
        while not (self._has_said("Sentinela is running") and self.ready()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"`up` did not get ready\n{self.logs()}")
            time.sleep(0.05)
        return self

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Stop as Ctrl-C does; the exit status."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the supervisor at once; its children notice by themselves."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Stop it if it runs, and remove its folder."""
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def descendants(self) -> list[psutil.Process]:
        """Every process that `up` has started, directly or not."""
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def logs(self) -> str:
        """The last lines of all that was written."""
        files = [self.output, *sorted(self.data_dir.glob("logs/*.log"))]
        tails = ((file, file.read_text(errors="replace").splitlines()[-30:]) for file in files if file.exists())
        return "\n".join(f"--- {file.name}\n" + "\n".join(lines) for file, lines in tails)

    def leaks(self) -> list[str]:
        """The lines of any log in which a credential, a token, a password's hash, or a secret of this run stands."""
        secrets = self._own_secrets() | self.secrets
        files = [self.output, *self.data_dir.glob("**/*.log")]
        lines = (line for file in files if file.is_file() for line in file.read_text(errors="replace").splitlines())
        return [line for line in lines if _SECRET.search(line) or any(secret in line for secret in secrets)]

    def _own_secrets(self) -> set[str]:
        """What `up` made for itself: the signing key, the passwords of PostgreSQL and Valkey, the command's key."""
        passwords = {make_url(url).password for url in (self.database_url, self.redis_url)}
        signing_key = (self.data_dir / "secret_key").read_text().strip()
        return {str(password) for password in passwords if password} | {signing_key, self.admin_key}

    def _has_said(self, words: str) -> bool:
        with self.output.open("rb") as output:
            output.seek(self._said)
            return words in output.read().decode(errors="replace")

    def _spawn(self, output: IO[bytes], arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # A test run that is killed takes its system with it.
            preexec_fn=partial(die_with_parent, signal.SIGTERM, parent=os.getpid()),
        )

    def _facts(self, name: str) -> dict[str, object]:
        facts: dict[str, object] = json.loads((self.data_dir / name).read_text())
        return facts
