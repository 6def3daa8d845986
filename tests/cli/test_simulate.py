"""`simulate` against the running system: every acknowledged reading is stored, whatever happens on the way."""

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.delivery import pause_before_retry
from tests.cli.commands import run, start
from tests.cli.faulty_proxy import FaultyProxy
from tests.system import System


@pytest.fixture
def proxy(system: System) -> Iterator[FaultyProxy]:
    with FaultyProxy(system.url, "POST /data") as running:
        yield running


def stored(client: httpx.Client, key: str) -> list[dict[str, Any]]:
    response = client.get("/data", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200, response.text
    return list(response.json())


def ledger_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["server_ulid"], row["timestamp"]))


def counted(summary: str, meaning: str) -> int:
    """The number before `meaning` in the summary; what is not mentioned is 0."""
    match = re.search(rf"([0-9,]+) {meaning}", summary)
    return int(match[1].replace(",", "")) if match else 0


def test_every_acknowledged_reading_is_stored_once_through_faults(
    system: System, client: httpx.Client, key: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.faults = ["503", "lost answer", "429", "no answer", "lost answer", "503"]
    ledger = tmp_path / "ledger.jsonl"
    options = ["--servers", "3", "--rate", "5", "--seconds", "2", "--no-gaps", "--no-outages"]
    code, out, err = run(proxy.url, key, "simulate", *options, "--ledger", str(ledger))
    assert code == 0, err
    assert proxy.faults == []
    assert out.startswith("30 readings of 3 servers acknowledged in ")
    assert counted(out, "posts retried") == 6
    assert len(out.splitlines()) == 1
    assert len(ledger_rows(ledger)) == 30
    assert in_order(ledger_rows(ledger)) == in_order(stored(client, key))


def test_batches_of_a_fast_server_keep_every_instant_apart(
    system: System, client: httpx.Client, key: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = ["--servers", "1", "--rate", "1000", "--seconds", "3", "--batch", "100", "--no-outages"]
    code, out, err = run(system.url, key, "simulate", *options, "--ledger", str(ledger))
    assert code == 0, err
    rows = ledger_rows(ledger)
    left_out, skipped = counted(out, "left out"), counted(out, "skipped")
    assert counted(out, "readings of 1 servers acknowledged") == len(rows) == 3_000 - left_out - skipped
    # One in two hundred is left out: none at all in 3,000 happens once in three million runs.
    assert left_out > 0
    assert len({row["timestamp"] for row in rows}) == len(rows)
    assert in_order(rows) == in_order(stored(client, key))


def test_a_rate_beyond_reach_ends_in_time_and_is_told(system: System, client: httpx.Client, key: str) -> None:
    options = ["--servers", "20", "--rate", "1000", "--seconds", "1", "--no-outages"]
    code, out, err = run(system.url, key, "simulate", *options, "--quiet")
    assert (code, err) == (0, "")
    acknowledged, skipped = counted(out, "readings of 20 servers acknowledged"), counted(out, "skipped")
    assert skipped > 0
    assert acknowledged + counted(out, "left out") + skipped == 20_000
    assert len(stored(client, key)) == acknowledged


def test_a_second_run_finds_the_servers_of_the_first(system: System, client: httpx.Client, key: str) -> None:
    for servers in ("2", "3"):
        options = ["--servers", servers, "--rate", "10", "--seconds", "0.2", "--quiet"]
        code, _, err = run(system.url, key, "simulate", *options)
        assert (code, err) == (0, "")
    response = client.get("/servers", headers={"Authorization": f"Bearer {key}"})
    assert [server["server_name"] for server in response.json()] == ["sim-01", "sim-02", "sim-03"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_was_acknowledged_and_says_so(
    system: System, client: httpx.Client, key: str, tmp_path: Path, number: signal.Signals
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    process = start(system.url, key, "simulate", "--servers", "2", "--rate", "20", "--ledger", str(ledger))
    wait_for_lines(ledger, 20)
    process.send_signal(number)
    out, err = process.communicate(timeout=5)
    assert process.returncode == 0, err
    rows = ledger_rows(ledger)
    assert counted(out, "readings of 2 servers acknowledged") == len(rows)
    instants = {(row["server_ulid"], row["timestamp"]) for row in stored(client, key)}
    assert {(row["server_ulid"], row["timestamp"]) for row in rows} <= instants


def test_a_key_revoked_in_mid_run_ends_it_with_one_line(
    system: System, client: httpx.Client, key: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    headers = {"Authorization": f"Bearer {key}"}
    process = start(system.url, key, "simulate", "--rate", "20", "--ledger", str(ledger), "--quiet")
    wait_for_lines(ledger, 10)
    [mine] = client.get("/keys", headers=headers).json()
    assert client.delete(f"/keys/{mine['key_id']}", headers=headers).status_code == 204
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert err == f"sentinela: {system.url} refused the key: check SENTINELA_KEY, or remove it to use this" + (
        " machine's own\n"
    )


def test_a_ledger_that_cannot_be_written_is_one_line(system: System, key: str, tmp_path: Path) -> None:
    code, out, err = run(system.url, key, "simulate", "--ledger", str(tmp_path))
    assert (code, out) == (1, "")
    assert err == f"sentinela: cannot write the ledger {tmp_path}: Is a directory\n"


def test_retry_after_is_honoured_and_bounded() -> None:
    asked = httpx.Response(503, headers={"Retry-After": "3"})
    assert 3.0 <= pause_before_retry(0, asked) <= 3.75
    assert pause_before_retry(0, httpx.Response(429, headers={"Retry-After": "86400"})) <= 37.5


def test_without_advice_the_pause_doubles_up_to_five_seconds() -> None:
    pauses = [pause_before_retry(attempt, None) for attempt in range(12)]
    assert 0.2 <= pauses[0] <= 0.25
    assert 0.4 <= pauses[1] <= 0.5
    assert all(5.0 <= pause <= 6.25 for pause in pauses[5:])


def wait_for_lines(path: Path, count: int) -> None:
    deadline = time.monotonic() + 20
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert time.monotonic() < deadline, f"{path} did not reach {count} lines"
        time.sleep(0.05)
