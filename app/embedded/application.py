"""The application's own processes: API, worker, beat, watcher."""

import os
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from app.core.settings import Settings
from app.embedded.child import Spec

# With a year of readings the migrations at the start may take their time.
READY_SECONDS = 120.0
# An answer that takes longer than this is lost at a stop; the supervisor allows 5 s for everything.
DRAIN_SECONDS = 1


def environment(settings: Settings, *, own_database: bool, own_redis: bool) -> dict[str, str]:
    """The environment of the children: the caller's, with what `up` found out or started in it."""
    env = dict(os.environ)
    if own_database:
        env.pop("DATABASE_PASSWORD_FILE", None)
    if own_redis:
        env.pop("REDIS_PASSWORD_FILE", None)
    for name in ("DATABASE_PASSWORD_FILE", "REDIS_PASSWORD_FILE"):
        # Children run in the data folder, where a relative name would mean another file.
        if env.get(name):
            env[name] = str(Path(env[name]).absolute())
    for name in ("RATE_LIMIT_KEY", "RATE_LIMIT_WORKSPACE"):
        # Limits protect those who share an installation; whoever starts one for themselves wants what it can do.
        env[name] = env.get(name) or "0"
    env.setdefault("LOG_FORMAT", "human" if sys.stderr.isatty() else "json")
    return env | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DATA_DIR": str(settings.data_dir),
        "SENTINELA_SUPERVISED": "1",
        # Blocks of output are for files; the terminal gets each line when it is written.
        "PYTHONUNBUFFERED": "1",
    }


def specs(folder: Path, env: Mapping[str, str], host: str, port: int, workers: int) -> list[Spec]:
    """API, worker, beat, watcher; each runs in the data folder, so that no `app` of the caller's folder is imported."""
    api = ["uvicorn", "app.main:app", "--host", host, "--port", str(port), "--workers", str(workers)]
    api += ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", str(DRAIN_SECONDS)]
    # Whose word about the client counts is said by TRUSTED_PROXIES alone.
    api += ["--no-proxy-headers", "--no-server-header"]
    api += ["--http", "app.readings.protocol:IngestProtocol"]
    # The check competes with requests for the interpreter; 5 s, the default, killed workers that were merely busy.
    api += ["--timeout-worker-healthcheck", "30"]
    celery = ["celery", "--quiet", "-A", "app.worker"]
    worker = [*celery, "worker", "-Q", "default,bulk,notify", "-c", "2"]
    # Talk among workers: there is one here, and waiting for others' answers costs a second of the start.
    worker += ["--without-mingle", "--without-gossip"]
    beat = [*celery, "beat", "--pidfile", ""]
    # Celery warns root of pickled messages; the worker takes JSON only.
    silenced = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
    return [
        module("API", api, folder, env),
        module("worker", worker, folder, {**env, **silenced}),
        module("beat", beat, folder, env),
        module("watcher", ["app.watcher"], folder, env),
    ]


def module(name: str, arguments: list[str], folder: Path, env: Mapping[str, str], stop_rank: int = 1) -> Spec:
    """A child that runs a Python module."""
    command = [sys.executable, "-m", *arguments]
    return Spec(name=name, command=command, cwd=folder, env=env, stop_rank=stop_rank)


class ReadyProbe:
    """Asks the API at most ten times a second whether it is ready."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host.strip("[]")
        self._port = port
        self._next = 0.0

    def __call__(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + 0.1
        connection = HTTPConnection(self._host, self._port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
