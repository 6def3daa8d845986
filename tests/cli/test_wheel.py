"""A wheel carries the page and the migrations: the system starts from it alone."""

import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.system import System, scratch_folder

ROOT = Path(__file__).parents[2]
PATIENCE = 240


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
def test_the_system_starts_from_a_wheel_with_its_page(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, timeout=PATIENCE)
    (wheel,) = tmp_path.glob("*.whl")
    machine = System(scratch_folder())
    try:
        installed = machine.folder / "installed"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(installed)
        # Before the checkout, which the tests' environment has installed as it stands.
        machine.environment["PYTHONPATH"] = str(installed)
        machine.start()
        assert "/ui/assets/" in httpx.get(f"{machine.url}/ui/", trust_env=False).text
        code = "from app.core import pages; print(pages.DIST)"
        answer = subprocess.run(
            [sys.executable, "-P", "-c", code], env=machine.environment, capture_output=True, text=True, check=True
        )
        assert answer.stdout.strip() == str(installed / "app" / "shipped" / "web" / "dist")
    finally:
        machine.close()


@pytest.mark.long
@pytest.mark.timeout(PATIENCE)
def test_the_client_s_wheel_is_typed_needs_httpx_alone_and_has_our_version(tmp_path: Path) -> None:
    client = ROOT / "clients" / "python"
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(client)]
    subprocess.run(build, check=True, timeout=PATIENCE)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = message_from_string(archive.read(f"sentinela_client-{__version__}.dist-info/METADATA").decode())
        archive.extractall(tmp_path / "installed")
    assert "sentinela_client/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {
        "sentinela_client",
        f"sentinela_client-{__version__}.dist-info",
    }
    assert about.get_all("Requires-Dist") == ["httpx>=0.28"]
    code = "import sentinela_client; print(sentinela_client.__file__, sentinela_client.connection._version())"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == [str(tmp_path / "installed/sentinela_client/__init__.py"), __version__]
