"""`openapi` needs no running system and says what a running one says."""

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.system import clean_environment

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "examples" / "postman" / "sentinela.postman_collection.json"


def openapi(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where nothing runs and nothing is configured."""
    (folder / ".env").touch()
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "openapi", *arguments],
        cwd=folder,
        env=clean_environment(DATA_DIR=str(folder / "data")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_prints_what_a_running_system_serves(client: httpx.Client, tmp_path: Path) -> None:
    done = openapi(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == client.get("/openapi.json").json()


def test_it_writes_a_file_and_the_collection_for_postman_is_that_of_this_api(tmp_path: Path) -> None:
    done = openapi(tmp_path, "--postman", "--output", "collection.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    mend = "the API has changed: ./sentinela openapi --postman --output " + str(COLLECTION.relative_to(ROOT))
    assert (tmp_path / "collection.json").read_text("utf-8") == COLLECTION.read_text("utf-8"), mend
