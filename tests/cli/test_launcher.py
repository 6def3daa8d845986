"""The script `sentinela`: it installs once, anywhere, and says in one line what is missing. No network is used."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.cli.bundle import made_for

SCRIPT = Path(__file__).resolve().parents[2] / "sentinela"

# A project without dependencies, whose build backend is the standard library.
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "sentinela"
version = "0"
"""
BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "sentinela-0-py3-none-any.whl"
    info = "sentinela-0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("sentinela.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: sentinela\\nVersion: 0\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
"""
MAIN = "import sys\nprint('ours', sys.argv[1:])\n"
# More of the environment, for tests that cut the network off.
NOWHERE: dict[str, str] = {}
DECOY = "print('the folder of the caller')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with the real script and nothing to download."""
    folder = tmp_path / "a project"
    write_package(folder, MAIN)
    shutil.copy(SCRIPT, folder / "sentinela")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (folder / name).touch()
    return folder


def write_package(folder: Path, main: str) -> None:
    cli = folder / "app" / "cli"
    cli.mkdir(parents=True)
    (folder / "app" / "__init__.py").touch()
    (cli / "__init__.py").touch()
    (cli / "__main__.py").write_text(main)


def start(project: Path, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    home = project.parent / "empty home"
    home.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(project / "sentinela"), *arguments],
        cwd=cwd or project,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **NOWHERE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    process = start(project, *arguments, cwd=cwd)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_first_command_installs_and_later_ones_do_not(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    write_package(elsewhere, DECOY)

    first, waiting = start(project, "up", cwd=elsewhere), start(project, "users", cwd=elsewhere)
    outs = [first.communicate(timeout=120), waiting.communicate(timeout=120)]
    assert sorted(out for out, _ in outs) == ["ours ['up']\n", "ours ['users']\n"], outs
    said = outs[0][1] + outs[1][1]
    assert said.count("installing into .venv") == 1
    assert said.count("another command is installing") <= 1

    assert run(project, "import", "a file.csv") == (0, "ours ['import', 'a file.csv']\n", "")

    (project / "requirements.lock").write_text("# changed\n")
    status, out, err = run(project, "up")
    assert (status, out) == (0, "ours ['up']\n")
    assert "installed" in err


def test_failed_installation_shows_what_pip_said_and_is_tried_again(project: Path) -> None:
    (project / "requirements.lock").write_text("./nothing-here\n")
    for _ in range(2):
        status, out, err = run(project, "up")
        assert (status, out) == (1, "")
        assert "nothing-here" in err
        assert err.splitlines()[-1] == "sentinela: cannot install packages; the last lines above say why"


def test_help_needs_no_installation(project: Path) -> None:
    for arguments in ((), ("--help",)):
        status, out, err = run(project, *arguments)
        assert (status, err) == (0, "")
        assert "up      start everything" in out
    assert not (project / ".venv").exists()


def with_patch(project: Path, patch: str) -> tuple[int, str]:
    """Exit status and stderr of the script in a Python that `patch` has made a lesser one; no other is on the PATH."""
    code = (
        f"import runpy, sys; {patch}; sys.argv = ['sentinela', 'up']; runpy.run_path('sentinela', run_name='__main__')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stderr


def test_old_python_gets_one_line(project: Path) -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 5))
    status, err = with_patch(project, "sys.version_info = (3, 8, 1)")
    assert (status, err) == (1, "sentinela: needs Python 3.11+, this is 3.8\n")


def test_missing_venv_module_names_the_package(project: Path) -> None:
    status, err = with_patch(project, "sys.modules['ensurepip'] = None")
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert status == 1
    assert err.splitlines()[-1] == f"sentinela: this Python lacks its ensurepip module: apt install python{minor}-venv"


def test_test_command_hands_everything_to_pytest_and_its_status_back() -> None:
    ports = "tests/embedded/test_ports.py"
    command = [sys.executable, "-m", "app.cli", "test", ports, "-q", "-p", "no:cacheprovider"]
    answer = subprocess.run([*command, "-k", "brackets or opened"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert "4 passed" in answer.stdout
    nothing = subprocess.run([*command, "-k", "absent"], capture_output=True, text=True, check=False)
    assert nothing.returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def bundle_of(project: Path, made_for: str) -> None:
    """The project as a bundle holds it: with one package, pinned by its hash, beside it."""
    wheels = project / "wheels"
    wheels.mkdir()
    path = wheels / "alone-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("alone.py", "")
        wheel.writestr("alone-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: alone\nVersion: 1.0\n")
        wheel.writestr("alone-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("alone-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (project / "requirements.lock").write_text(f"alone==1.0 --hash=sha256:{digest}\n")
    (wheels / "made-for").write_text(made_for + "\n")


def test_a_bundle_installs_from_its_own_packages_whatever_index_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NOWHERE, "PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    bundle_of(project, made_for())
    (project / "app" / "cli" / "__main__.py").write_text("import alone, sys\nprint('ours', sys.argv[1:])\n")
    status, out, err = run(project, "up")
    assert (status, out) == (0, "ours ['up']\n"), err
    status, _, err = run(project, "test")
    assert status == 1
    assert err == "sentinela: a bundle has no packages for the tests; they need the git checkout and a network\n"


def test_a_bundle_for_another_machine_says_so(project: Path) -> None:
    bundle_of(project, "Python 3.99 on Plan9 mips")
    status, out, err = run(project, "up")
    assert (status, out) == (1, "")
    assert err == f"sentinela: this bundle is for Python 3.99 on Plan9 mips, this is {made_for()}\n"
    assert not (project / ".venv").exists()
