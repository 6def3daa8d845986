"""A program with a Sender, for tests to kill: adds readings 0, 1, 2, … and says how far it is.

    python -m tests.client.adding URL KEY SERVER BUFFER LEDGER COUNT CHUNK SECONDS

`LEDGER` gets a line when `add` has returned, the number of the next reading; a new process goes on there. Each chunk
takes SECONDS. The process ends when everything is acknowledged.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinela_client import Sender

START = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)
TIMEOUT = 2.0


def reading(number: int) -> dict[str, object]:
    return {"timestamp": START + timedelta(seconds=number), "temperature": number % 100, "humidity": number % 97}


def begin_at(ledger: Path) -> int:
    """A line may be torn by the kill; the one before it counts, and what is added again is the same reading."""
    lines = ledger.read_text().split("\n")[:-1] if ledger.exists() else []
    return int(lines[-1]) if lines else 0


def run(url: str, key: str, server: str, buffer: str, ledger: Path, count: int, chunk: int, seconds: float) -> None:
    with Sender(url, key, buffer, server_ulid=server, linger=0.05, timeout=TIMEOUT) as sender, ledger.open("a") as done:
        for first in range(begin_at(ledger), count, chunk):
            last = min(first + chunk, count)
            sender.add_many(reading(number) for number in range(first, last))
            done.write(f"{last}\n")
            done.flush()
            time.sleep(seconds)
        while not sender.flush(10):
            print(sender.status(), flush=True)


if __name__ == "__main__":
    run(*sys.argv[1:5], Path(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7]), float(sys.argv[8]))
