"""Benches run from one end to the other, and their figures become pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import plots

ROOT = Path(__file__).parents[2]
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


@pytest.mark.long
def test_bench_soak_counts_what_is_stored_and_its_file_becomes_a_picture(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    figures = tmp_path / "soak.json"
    command = [sys.executable, "-P", "-m", "app.cli", "bench"]
    done = subprocess.run(
        [*command, "soak", "--minutes", "0.3", "--rate", "200", "--servers", "20", "--sample-seconds", "3",
         "--json", str(figures)],
        cwd=tmp_path, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    assert found["totals"]["stored"] == found["totals"]["acknowledged"] > 2000
    assert found["totals"]["errors"] == {}
    last = found["samples"][-1]
    assert {"latest", "raw hour"} <= {kind for sample in found["samples"] for kind in sample["questions"]}
    assert last["question_errors"] == 0
    assert last["stream_frames"] > 10
    assert all(of["rss_mb"] > 0 for of in last["memory"].values())
    assert last["disk"]["rows_mb"] > 0

    subprocess.run([*command, "plots", str(tmp_path), "--output", str(tmp_path)], cwd=tmp_path, check=True, timeout=60)
    picture = (tmp_path / "bench-soak.svg").read_text()
    assert all(text in picture for text in ("acknowledged after, ms", "memory, MB", "on disk, MB", "minutes"))


def test_the_pictures_of_benches_are_small_and_drawn_from_what_is_committed(tmp_path: Path) -> None:
    results = {path.stem for path in (ROOT / "bench" / "results").glob("*.json")}
    assert results
    written = plots.run(ROOT / "bench" / "results", tmp_path)
    assert {path.name for path in written} == {f"bench-{name}.svg" for name in results}
    for path in written:
        assert path.stat().st_size < 60_000
        assert path.read_text() == (ROOT / "docs" / "images" / path.name).read_text(), "draw it anew"
        assert path.name in (ROOT / "docs" / "performance.md").read_text()
