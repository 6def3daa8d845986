"""`import` against the running system, with real readings and with what people get wrong."""

import csv
import gzip
import io
import json
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from app.cli.importer import import_file
from tests.cli.commands import last_line, run, run_here
from tests.cli.faulty_proxy import FaultyProxy
from tests.system import System

LIBRARY = Path(__file__).parents[1] / "data" / "library1.csv.gz"
QUANTITIES = ("temperature", "humidity", "voltage")
Row = dict[str, Any]
COMMAND = typer.Typer()
COMMAND.command()(import_file)


def receipt_of(system: System, key: str, *arguments: str, stdin: str | bytes = "") -> Row:
    code, out, err = run_here(COMMAND, system.url, key, *arguments, "--json", stdin=stdin)
    assert code == 0, err
    receipt: Row = json.loads(out)
    return receipt


def get(client: httpx.Client, key: str, path: str, **params: str) -> list[Row]:
    headers = {"Authorization": f"Bearer {key}"}
    response = client.get(path, params=params, headers=headers, timeout=60)
    assert response.status_code == 200, response.text
    return list(response.json())


def library_readings() -> dict[tuple[str, str], dict[str, float]]:
    """Values by (node, instant), a later row's values in place of an earlier one's, by plain Python."""
    readings: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    with gzip.open(LIBRARY, "rt", newline="") as file:
        for row in csv.DictReader(file):
            values = {name: float(row[name]) for name in QUANTITIES if row[name]}
            readings[row["node"], row["timestamp"]] |= values
    return readings


def means(aggregation: str, *, each: bool) -> dict[tuple[str, str], dict[str, float]]:
    """Exact means of the library's values by (node, start of the interval); the node is "" for all together."""
    groups: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (node, stamp), values in library_readings().items():
        group = groups[node if each else "", bucket(datetime.fromisoformat(stamp), aggregation)]
        for name, value in values.items():
            group[name].append(value)
    return {
        place: {name: math.fsum(values) / len(values) for name, values in group.items()}
        for place, group in groups.items()
    }


def bucket(instant: datetime, aggregation: str) -> str:
    start = instant.replace(minute=0, second=0, microsecond=0)
    if aggregation == "day":
        start = start.replace(hour=0)
    return start.isoformat().replace("+00:00", "Z")


def assert_same_means(rows: list[tuple[str, Row]], expected: dict[tuple[str, str], dict[str, float]]) -> None:
    """One row for each expected (node, interval), with the same means to 12 significant digits."""
    assert sorted((node, row["timestamp"]) for node, row in rows) == sorted(expected)
    for node, row in rows:
        assert_equal_to_12_digits(values_of(row), expected[node, row["timestamp"]])


def assert_equal_to_12_digits(got: dict[str, float], expected: dict[str, float]) -> None:
    assert set(got) == set(expected)
    for name, value in expected.items():
        one_in_the_last_digit = 10.0 ** (math.floor(math.log10(abs(value))) - 11)
        assert abs(got[name] - value) <= one_in_the_last_digit, (name, got[name], value)
        assert float(f"{got[name]:.12g}") == got[name]


def values_of(row: Row) -> dict[str, float]:
    return {name: value for name, value in row.items() if name not in ("timestamp", "server_ulid")}


@pytest.fixture(scope="module")
def library(system: System, new_key: Callable[[], str]) -> tuple[str, Row]:
    """A workspace into which the library's readings were imported: its key, and the receipt."""
    key = new_key()
    options = ["--server-column", "node", "--create-servers", "--json"]
    code, out, err = run(system.url, key, "import", str(LIBRARY), *options)
    assert code == 0, err
    return key, json.loads(out)


def test_library_readings_import_with_their_figures(client: httpx.Client, library: tuple[str, Row]) -> None:
    key, receipt = library
    assert receipt["rows"] == 29_702
    # Four instants of node 18 stand twice, each time with the same values: duplicates, and nothing to update.
    assert (receipt["accepted"], receipt["updated"], receipt["duplicates"]) == (29_698, 0, 4)
    assert len(library_readings()) == 29_698
    assert (receipt["rejected_count"], receipt["rejected"]) == (0, [])
    nodes = {server["server_ulid"]: server["server_name"] for server in get(client, key, "/servers")}
    assert len(nodes) == 19
    for aggregation in ("hour", "day"):
        together = get(client, key, "/data", aggregation=aggregation)
        assert together == sorted(together, key=lambda row: row["timestamp"])
        assert_same_means([("", row) for row in together], means(aggregation, each=False))
        each = get(client, key, "/data", aggregation=aggregation, group_by="server")
        assert_same_means([(nodes[row["server_ulid"]], row) for row in each], means(aggregation, each=True))


def test_the_stored_readings_are_the_files_rows(client: httpx.Client, library: tuple[str, Row]) -> None:
    key, _ = library
    nodes = {server["server_ulid"]: server["server_name"] for server in get(client, key, "/servers")}
    stored = {
        (nodes[row["server_ulid"]], datetime.fromisoformat(row["timestamp"])): values_of(row)
        for row in get(client, key, "/data")
    }
    expected = {(node, datetime.fromisoformat(stamp)): values for (node, stamp), values in library_readings().items()}
    assert stored == expected


def test_a_second_import_of_the_same_file_changes_nothing(
    system: System, client: httpx.Client, key: str, tmp_path: Path
) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("server_ulid,timestamp,temperature\na,2026-01-01T00:00:00Z,20.5\na,2026-01-01T00:01:00Z,0\n")
    first = receipt_of(system, key, str(path), "--create-servers")
    assert (first["rows"], first["accepted"], first["duplicates"]) == (2, 2, 0)
    stored = get(client, key, "/data")
    again = receipt_of(system, key, str(path))
    assert (again["rows"], again["accepted"], again["duplicates"]) == (2, 0, 2)
    assert get(client, key, "/data") == stored
    assert [row["temperature"] for row in stored] == [20.5, 0]


def test_a_repeated_instant_fills_in_and_its_newest_value_wins(
    system: System, client: httpx.Client, key: str, tmp_path: Path
) -> None:
    path = tmp_path / "readings.csv"
    instant = "a,2026-01-01T00:00:00Z"
    path.write_text(f"server_ulid,timestamp,temperature,humidity\n{instant},20.5,40\n{instant},21.5,\n{instant},,40\n")
    receipt = receipt_of(system, key, str(path), "--create-servers")
    assert (receipt["rows"], receipt["accepted"], receipt["updated"], receipt["duplicates"]) == (3, 1, 1, 1)
    [row] = get(client, key, "/data")
    assert values_of(row) == {"temperature": 21.5, "humidity": 40}


def test_an_import_is_watched_through_a_restart_of_the_system(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("server_ulid,timestamp,temperature\na,2026-01-01T00:00:00Z,20.5\n")
    with FaultyProxy(system.url, "GET /jobs/") as proxy:
        proxy.faults = ["503", "no answer", "lost answer"]
        code, out, err = run_here(COMMAND, proxy.url, key, str(path), "--create-servers", "--json")
        assert proxy.faults == []
    assert code == 0, err
    assert json.loads(out)["accepted"] == 1


def test_columns_are_mapped_and_stdin_is_read_plain_and_gzip(system: System, client: httpx.Client, key: str) -> None:
    text = "quando,onde,grau,umid,tensao,amp\n2026-01-01T00:00:00-03:00,sala,21,40,219.9,1.5\n"
    options = ["--server-column", "onde", "--timestamp-column", "quando", "--temperature-column", "grau"]
    options += ["--humidity-column", "umid", "--voltage-column", "tensao", "--current-column", "amp"]
    plain = receipt_of(system, key, "-", *options, "--create-servers", stdin=text)
    assert plain["accepted"] == 1
    packed = receipt_of(system, key, "-", *options, stdin=gzip.compress(text.encode()))
    assert packed["duplicates"] == 1
    [row] = get(client, key, "/data")
    assert row["timestamp"] == "2026-01-01T03:00:00Z"
    assert values_of(row) == {"temperature": 21, "humidity": 40, "voltage": 219.9, "current": 1.5}


def test_the_receipt_is_a_table_with_the_rejected_rows_numbered(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(
        "server_ulid,timestamp,humidity\na,2026-01-01T00:00:00Z,50\na,yesterday,50\na,2026-01-01T00:02:00Z,101\n"
    )
    code, out, err = run_here(COMMAND, system.url, key, str(path), "--create-servers")
    assert code == 0, err
    heading, counts, *rest = out.splitlines()
    assert heading.split() == ["rows", "accepted", "updated", "duplicates", "rejected"]
    assert counts.split() == ["3", "1", "0", "0", "2"]
    numbers = [line.split()[0] for line in rest[-2:]]
    assert numbers == ["2", "3"]
    assert "timestamp" in rest[-2]
    assert "humidity" in rest[-1]


def test_an_import_of_which_every_row_is_rejected_exits_with_1(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("server_ulid,timestamp,humidity\nnobody,2026-01-01T00:00:00Z,50\n")
    code, out, err = run_here(COMMAND, system.url, key, str(path))
    assert code == 1
    assert "nobody" in out
    assert last_line(err) == "sentinela: every row was rejected"


def test_a_file_of_a_heading_alone_exits_with_1(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("server_ulid,timestamp,humidity\n")
    code, _, err = run_here(COMMAND, system.url, key, str(path))
    assert code == 1
    assert last_line(err) == "sentinela: the file has no row below its first line"


def test_a_file_without_the_named_column_is_one_line(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("server_ulid,timestamp,humidity\na,2026-01-01T00:00:00Z,50\n")
    code, out, err = run_here(COMMAND, system.url, key, str(path), "--server-column", "node")
    assert (code, out) == (1, "")
    assert last_line(err).startswith("sentinela: ")
    assert "node" in last_line(err)


def test_broken_gzip_is_one_line(system: System, key: str, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv.gz"
    path.write_bytes(gzip.compress(io.BytesIO(b"server_ulid,timestamp\n" * 1000).getvalue())[:40])
    code, out, err = run_here(COMMAND, system.url, key, str(path))
    assert (code, out) == (1, "")
    assert last_line(err).startswith("sentinela: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "sentinela: cannot read readings.csv: No such file or directory\n"),
        (b"", "sentinela: readings.csv is empty: its first line must name the columns\n"),
    ],
)
def test_a_missing_or_empty_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "readings.csv").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert run_here(COMMAND, "http://127.0.0.1:1", "snt_k_x", "readings.csv") == (1, "", message)
