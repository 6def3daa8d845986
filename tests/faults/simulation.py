"""`simulate` in the background, and what it knows to be acknowledged."""

import json
import re
import signal
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.cli.commands import start
from tests.system import System

SERVERS, RATE = 20, 5
# The command ends within a second of the signal, and its Python takes one more.
STOP_SECONDS = 30

Row = dict[str, Any]
Key = tuple[str, str]


class Summary(NamedTuple):
    """What the command said at its end, in readings."""

    acknowledged: int
    failed: int
    unanswered: int


class Simulation:
    """Twenty servers that send five readings a second each, and the ledger of what was acknowledged."""

    def __init__(self, system: System, ledger: Path) -> None:
        self._ledger = ledger
        options = ["--servers", str(SERVERS), "--rate", str(RATE), "--ledger", str(ledger), "--quiet"]
        self._process = start(system.url, system.admin_key, "simulate", *options)

    def count(self) -> int:
        """How many readings were acknowledged so far."""
        return self._ledger.read_bytes().count(b"\n") if self._ledger.exists() else 0

    def acknowledged(self) -> list[Row]:
        return [json.loads(line) for line in self._ledger.read_text().splitlines()]

    def stop(self) -> Summary:
        """Stop as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        out, err = self._process.communicate(timeout=STOP_SECONDS)
        said = out + err
        return Summary(
            _number(said, r"readings of \d+ servers acknowledged"),
            _number(said, "failed"),
            _number(said, "unanswered when stopped"),
        )

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _number(text: str, meaning: str) -> int:
    """The number before `meaning`; what is not mentioned is 0."""
    match = re.search(rf"([0-9,]+) {meaning}", text)
    return int(match[1].replace(",", "")) if match else 0


def by_key(rows: list[Row]) -> dict[Key, Row]:
    """The rows by server and instant; fails when one comes twice."""
    keyed = {(row["server_ulid"], row["timestamp"]): row for row in rows}
    assert len(keyed) == len(rows), "a reading is there twice"
    return keyed


def assert_nothing_lost(client: httpx.Client, acknowledged: list[Row], unanswered: int) -> None:
    """Every acknowledged reading is stored with its values and once, and beside them only what was on its way."""
    kept = by_key(acknowledged)
    senders = sorted({ulid for ulid, _ in kept})
    since = min(instant for _, instant in kept)
    # From the first acknowledged instant on: an earlier simulation of these servers has its own ledger.
    response = client.get("/data", params={"server_ulid": senders, "start_time": since})
    stored = by_key(response.raise_for_status().json())
    missing = [key for key in kept if key not in stored]
    assert not missing, f"{len(missing)} of {len(kept)} acknowledged readings are missing, the first {missing[0]}"
    assert [stored[key] for key in kept] == list(kept.values())
    assert len(stored) - len(kept) <= unanswered
