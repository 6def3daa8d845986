"""What cannot be saved or restored is told in one line, and nothing is left half done."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from app.core import migrate
from app.core.settings import Settings
from tests.backup.conftest import Command
from tests.system import System

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def empty(system: System) -> Iterator[str]:
    """The URL of an empty database of the system's PostgreSQL."""
    name = f"restored_{secrets.token_hex(6)}"
    password = (system.data_dir / "postgres" / "password").read_text().strip()
    root = make_url(system.database_url).set(username="postgres", password=password)
    with psycopg.connect(root.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} OWNER sentinela")  # type: ignore[arg-type]
        yield make_url(system.database_url).set(database=name).render_as_string(hide_password=False)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    """A backup that a test may spoil."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def edit(folder: Path, change: Edit) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def error(here: Command, *arguments: str | Path, **environment: str) -> str:
    """The one line that a failing command says."""
    done = here(*arguments, **environment)
    assert done.code == 1
    assert done.out == ""
    (line,) = done.err.splitlines()
    return line


def filled_tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT relname FROM pg_stat_user_tables").fetchall()
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for (name,) in names}  # type: ignore[arg-type]
    return sorted(name for name, count in counts.items() if count != (0,))


def test_a_given_database_is_filled_once_and_refused_the_second_time(
    here: Command, saved: Path, empty: str, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": empty, "DATA_DIR": str(tmp_path)}
    assert here("restore", saved, **environment).code == 0
    assert (tmp_path / "secret_key").read_text() == (saved / "secrets" / "secret_key").read_text()
    assert "is not empty" in error(here, "restore", saved, **environment)


def test_a_database_in_use_is_refused(here: Command, saved: Path, system: System, tmp_path: Path) -> None:
    given = error(here, "restore", saved, DATABASE_URL=system.database_url, DATA_DIR=str(tmp_path))
    assert "is not empty" in given
    assert "is using" in error(here, "restore", saved, "--data-dir", system.data_dir)


def test_a_secret_of_another_installation_is_not_overwritten(
    here: Command, saved: Path, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "secret_key").write_text("another")
    said = error(here, "restore", saved, DATABASE_URL=empty, DATA_DIR=str(tmp_path))
    assert "is another one than the backup's" in said
    assert (tmp_path / "secret_key").read_text() == "another"
    assert filled_tables(empty) == []


@pytest.mark.parametrize("change", [{"sentinela": "99.0.0"}, {"format": 99}, {"revision": "9999"}])
def test_a_backup_of_a_newer_version_is_refused(here: Command, copy: Path, change: dict[str, Any]) -> None:
    edit(copy, lambda manifest: manifest.update(change))
    for command in ("restore", "verify"):
        assert "99" in error(here, command, copy, DATA_DIR=str(copy.parent / "data"))
    assert not (copy.parent / "data").exists()


def test_a_changed_or_missing_file_is_named(here: Command, copy: Path) -> None:
    toc = copy / "data" / "toc.dat"
    toc.write_bytes(toc.read_bytes() + b"x")
    assert "data/toc.dat is not what it was" in error(here, "verify", copy)
    toc.unlink()
    assert "data/toc.dat is missing" in error(here, "verify", copy)


def test_other_sums_than_the_backup_says_are_told_and_leave_nothing(
    here: Command, copy: Path, empty: str, tmp_path: Path
) -> None:
    edit(copy, lambda manifest: manifest["servers"][0].update(checksum="f" * 16))
    said = error(here, "restore", copy, DATABASE_URL=empty, DATA_DIR=str(tmp_path / "data"))
    assert "is not what was saved" in said
    assert set(filled_tables(empty)) <= {"alembic_version", "auth_epoch"}
    assert not (tmp_path / "data" / "secret_key").exists()


def test_a_folder_that_holds_anything_is_no_place_for_a_backup(here: Command, system: System, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert "is there already" in error(here, "backup", tmp_path, "--data-dir", system.data_dir)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_is_no_backup_is_told(here: Command, tmp_path: Path) -> None:
    assert "is no backup" in error(here, "restore", tmp_path, DATA_DIR=str(tmp_path))
    (tmp_path / "manifest.json").write_text("{")
    assert "is damaged" in error(here, "verify", tmp_path)


def test_a_data_folder_without_a_database_is_told(here: Command, tmp_path: Path) -> None:
    said = error(here, "backup", tmp_path / "b", "--data-dir", tmp_path / "none")
    assert "there is nothing in" in said
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(here: Command, system: System, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a small disk needs root, who may mount one")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], check=True)
    try:
        said = error(here, "backup", disk / "b", "--data-dir", system.data_dir)
        assert "disk" in said
        assert "full" in said
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, system: System, tmp_path: Path) -> None:
    """As on a machine whose wheel has no client programs: the search of both places is the real one."""
    from app.backup import errors, programs
    from app.embedded import binaries

    monkeypatch.setattr(binaries, "_package_folder", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.BackupFailed, match="there is no pg_dump"):
        programs.run("pg_dump", [], system.database_url, {}, lambda _: None)


def test_a_schema_of_another_version_is_refused(
    here: Command, saved: Path, empty: str, system: System, tmp_path: Path
) -> None:
    settings = Settings(database_url=empty, data_dir=system.data_dir)
    with migrate.locked(settings) as upgrade_to:
        upgrade_to("0005")
    said = error(here, "restore", saved, DATABASE_URL=empty, DATA_DIR=str(tmp_path))
    assert "a schema of another version" in said
