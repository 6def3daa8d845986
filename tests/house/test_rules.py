"""Rules of the house that no linter knows."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("app", "bench", "tests", "clients", "examples")
SOURCES = [*(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.py")), ROOT / "sentinela"]
PAGE_SOURCES = [path for kind in ("ts", "tsx", "css") for path in ROOT.glob(f"web/src/**/*.{kind}")]
# Written by web/api_types.py.
GENERATED = {ROOT / "web" / "src" / "api" / "schema.ts"}
MAX_LINES = 300
COMMIT = re.compile(r"\.(commit|begin|begin_nested|rollback)\(|\bconnection\.transaction\(")
# core/db opens and commits; core/migrate and migrations/ work before there is a schema.
MAY_COMMIT = {"app/core/db.py", "app/core/migrate.py"}


def test_no_source_file_passes_300_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in {*SOURCES, *PAGE_SOURCES} - GENERATED
    }
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES} == {}


def test_only_core_db_commits() -> None:
    found = {str(path.relative_to(ROOT)) for path in ROOT.glob("app/**/*.py") if COMMIT.search(path.read_text())}
    assert found - MAY_COMMIT == set()


def test_the_lock_files_pin_hashes_and_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "index-url" not in text
        packages = re.findall(r"^[a-z][^\s=]*==", text, re.MULTILINE)
        assert packages
        assert text.count("--hash=sha256:") >= len(packages)


def test_the_page_s_lock_names_no_registry_and_leaves_no_package_without_its_hash() -> None:
    text = (ROOT / "web" / "package-lock.json").read_text()
    installed = {name: package for name, package in json.loads(text)["packages"].items() if name}
    assert installed
    # Nor where to send money: CONTRIBUTING.md says how to leave that out.
    assert "://" not in text
    assert [name for name, package in installed.items() if "resolved" in package or "funding" in package] == []
    assert [name for name, package in installed.items() if "integrity" not in package] == []


def test_nothing_unfinished_or_left_out_is_committed() -> None:
    marks = "TO" + "DO|FIX" + "ME|NotImplemented" + "Error|mark\\.(skip[^i]|xfail)"
    found = subprocess.run(
        ["git", "grep", "-nE", marks, "--", *FOLDERS, "web"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""
