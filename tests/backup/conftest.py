"""Backups of the running system, made as a person makes them."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.core.settings import get_settings
from tests.cli.commands import Done
from tests.system import System, clean_environment, scratch_folder

Command = Callable[..., Done]


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder outside any project, whose `.env` would be followed."""
    folder = scratch_folder()
    yield folder
    System(folder).close()


@pytest.fixture(scope="session")
def sentinela(scratch: Path) -> Command:
    """Runs a command that talks to no API, with these variables beside the environment."""

    def run(*arguments: str | Path, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "app.cli", *map(str, arguments)],
            cwd=scratch,
            env=clean_environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> Iterator[Command]:
    """The same within this process, which saves the second that a start takes."""
    monkeypatch.chdir(scratch)

    def run(*arguments: str | Path, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            for name in os.environ.keys() - clean_environment().keys():
                patch.delenv(name)
            get_settings.cache_clear()
            result = CliRunner().invoke(app, [*map(str, arguments)], env=environment, catch_exceptions=False)
        return Done(result.exit_code, result.stdout, result.stderr)

    mask = os.umask(0o022)
    data_dir = os.environ["DATA_DIR"]
    yield run
    os.umask(mask)
    os.environ["DATA_DIR"] = data_dir
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def admin(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=system.url, headers={"Authorization": f"Bearer {system.admin_key}"}, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture(scope="session")
def saved(system: System, admin: httpx.Client, sentinela: Command, scratch: Path) -> Path:
    """A backup of the system; tests leave it as it is."""
    server = admin.post("/servers", json={"server_name": f"saved-{secrets.token_hex(6)}"}).raise_for_status().json()
    admin.post("/data", json={"server_ulid": server["server_ulid"], "temperature": 1}).raise_for_status()
    folder = scratch / "saved"
    done = sentinela("backup", folder, "--data-dir", system.data_dir)
    assert done.code == 0, done.err
    return folder
