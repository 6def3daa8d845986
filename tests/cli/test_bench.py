"""`bench ingest` and `bench query` run from one end to the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LINES = {
    "one ORM INSERT a request", "empty ASGI endpoint", "empty FastAPI route", "POST /data", "raw binary COPY",
    "JSON array", "NDJSON", "CSV", "Arrow", "Parquet",
}  # fmt: skip


@pytest.mark.long
def test_bench_ingest_measures_every_side_and_counts_what_is_stored(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-P", "-m", "app.cli", "bench", "ingest", "--rounds", "1", "--seconds", "1"]
    done = subprocess.run(
        [*command, "--own-client", "--no-peers", "--json", str(figures)],
        cwd=tmp_path, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "all of them stored" in done.stderr
    lines = {line["name"]: line for line in json.loads(figures.read_text())["lines"]}
    assert lines.keys() == LINES
    assert all(line["rates"][0] > 0 and line["failures"] == 0 for line in lines.values())
    assert all(name in done.stdout for name in LINES)


@pytest.mark.long
def test_bench_query_asks_every_side_and_tells(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    figures = tmp_path / "figures.json"
    command = [
        sys.executable,
        "-P",
        "-m",
        "app.cli",
        "bench",
        "query",
        "--rounds",
        "1",
        "--servers",
        "2",
        "--days",
        "1",
    ]
    done = subprocess.run(
        [*command, "--no-peers", "--json", str(figures)],
        cwd=tmp_path, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = {line["name"]: line["seconds"] for line in json.loads(figures.read_text())["lines"]}
    assert {"minute means of a day", "SQL: minute means of a day", "minute means of a day, over HTTP"} <= lines.keys()
    assert all(seconds[0] > 0 for seconds in lines.values())
    assert all(name in done.stdout for name in lines)
