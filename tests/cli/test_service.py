"""The systemd unit: systemd itself finds no fault in it, and where it does not run that is said."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import service
from app.cli.main import app

OPTIONS = ["--host", "0.0.0.0", "--port", "8080", "--data-dir", "/srv/100% of it/data"]


def printed(*options: str) -> str:
    result = CliRunner().invoke(app, ["service", "install", "--print", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_unit_starts_up_by_the_launcher_with_the_options_given() -> None:
    lines = dict(line.split("=", 1) for line in printed(*OPTIONS).splitlines() if "=" in line and line[0] != "#")
    python, launcher, *words = shlex.split(lines["ExecStart"])
    assert os.access(python, os.X_OK)
    assert Path(launcher) == service.PROJECT / "sentinela"
    assert words == ["up", *OPTIONS[:4], "--workers", "1", "--data-dir", "/srv/100%% of it/data"]
    assert lines["WorkingDirectory"] == str(service.PROJECT)


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("NOT VALIDATED: the systemd unit, for there is no systemd-analyze on the PATH")
    path = tmp_path / "sentinela.service"
    path.write_text(printed(*OPTIONS))
    done = subprocess.run([analyze, "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "sentinela.service" in line] == []
    assert done.returncode == 0, done.stderr


def test_an_account_that_there_is_not_is_told_with_the_mend() -> None:
    result = CliRunner().invoke(app, ["service", "install", "--print", "--user", "no-such-account"])
    assert result.exit_code == 1
    assert "useradd" in result.stderr or "--user is for root" in result.stderr


def test_where_systemd_does_not_run_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["service", "install"])
    assert result.exit_code == 1
    assert "systemd does not run this machine" in result.stderr
    assert not service._unit_path().exists()
