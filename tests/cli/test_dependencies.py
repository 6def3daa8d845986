"""The bill of materials names everything that is locked, and nothing of where it came from here."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from app import __version__
from app.cli.main import app

ROOT = Path(__file__).parents[2]


def test_the_bill_of_materials_is_the_locks(tmp_path: Path) -> None:
    file = tmp_path / "bill.json"
    result = CliRunner().invoke(app, ["sbom", "--output", str(file)])
    assert result.exit_code == 0, result.output
    bill = json.loads(file.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "sentinela"
    assert bill["metadata"]["component"]["version"] == __version__
    found = {component["purl"]: component for component in bill["components"]}
    locked = re.findall(
        r"^([a-z][^\s=\[]*)(?:\[[^\]]*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert locked
    assert {f"pkg:pypi/{name}@{version}" for name, version in locked} <= found.keys()
    assert all("externalReferences" in found[f"pkg:pypi/{name}@{version}"] for name, version in locked)
    assert any(purl.startswith("pkg:npm/") for purl in found)
    assert not any("vitest" in purl for purl in found), "what only tests the page is no part of it"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["sbom", "--output", str(tmp_path / "none" / "bill.json")])
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
