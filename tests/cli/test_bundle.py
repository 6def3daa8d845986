"""A bundle, unpacked where no index can be reached, installs and starts the whole system with its page."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.system import System, clean_environment, scratch_folder

# Nothing listens there; a name server is not needed to find that out.
NOWHERE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_NO_CACHE_DIR": "1",
    "npm_config_registry": "http://127.0.0.1:9",
}
PATIENCE = 300


class Unpacked(System):
    """`up` as the bundle's own launcher starts it."""

    def command(self, *arguments: str) -> list[str]:
        launcher = self.folder / f"sentinela-{__version__}" / "sentinela"
        return [sys.executable, str(launcher), *super().command(*arguments)[3:]]


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
def test_a_bundle_starts_with_its_page_where_no_index_is(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.tar.gz"
    made = subprocess.run([sys.executable, "-m", "app.cli", "bundle", str(archive)], timeout=PATIENCE, check=False)
    assert made.returncode == 0
    machine = Unpacked(scratch_folder(), **NOWHERE)
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(machine.folder, filter="data")
        installed = subprocess.run(
            [*machine.command()[:2], "openapi", "--output", os.devnull],
            cwd=machine.folder,
            env=clean_environment(**NOWHERE),
            timeout=PATIENCE,
            check=False,
        )
        assert installed.returncode == 0
        machine.start()
        page = httpx.get(f"{machine.url}/ui/", trust_env=False)
        assert "/ui/assets/" in page.text
        assert httpx.get(f"{machine.url}/openapi.json", trust_env=False).json()["info"]["version"] == __version__
    finally:
        machine.close()
