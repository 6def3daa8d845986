"""`python -m bench.promql`: what Grafana asks in PromQL, over HTTP, beside what `GET /data` computes of the same.

A system of its own; one server has a month of sealed history, the others a day, at 1 Hz. By turns. Of PromQL nothing is
remembered; so that nothing is of `GET /data` either, its range begins a microsecond later each time.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench import sealed_history as history
from bench.query import SETTLE_SECONDS, moment
from bench.sealed_history import Fleet
from tests.system import System, scratch_folder

DAY, HOUR = 86_400, 3600
BEGIN = history.FIRST_HOUR * HOUR
Asked = Callable[[httpx.Client, int], httpx.Response]


def promql(text: str, days: int, step: int) -> Asked:
    """An expression over the first days."""

    def ask(client: httpx.Client, _: int) -> httpx.Response:
        form = {"query": text, "start": str(BEGIN + step), "end": str(BEGIN + days * DAY), "step": str(step)}
        return client.post("/api/v1/query_range", data=form)

    return ask


def data(days: int, **query: Any) -> Asked:
    """`GET /data` over the first days."""

    def ask(client: httpx.Client, turn: int) -> httpx.Response:
        bounds = {"start_time": moment(turn * 1e-6), "end_time": moment(days * DAY - 1e-6)}
        return client.get("/data", params={**bounds, "sensor_type": "temperature", **query})

    return ask


def questions(fleet: Fleet, days: int) -> dict[str, Asked]:
    """By name, the second of a pair being the first's measure."""
    one, ulid = f'{{server_ulid="{fleet.ulids[0]}"}}', fleet.ulids[0]
    return {
        "mean of each minute of a day, 1 server": promql(f"avg_over_time(temperature{one}[1m])", 1, 60),
        "GET /data: 1 server": data(1, server_ulid=ulid, aggregation="minute"),
        "value at each minute of a day, 1 server": promql(f"temperature{one}", 1, 60),
        "hour before each minute of a day, 1 server": promql(f"avg_over_time(temperature{one}[1h])", 1, 60),
        "rate at each minute of a day, 1 server": promql(f"rate(temperature{one}[5m])", 1, 60),
        "mean of each hour of a month, 1 server": promql(f"avg_over_time(temperature{one}[1h])", days, HOUR),
        "GET /data: hours of a month, 1 server": data(days, server_ulid=ulid, aggregation="hour"),
        "mean of each minute of a day, all servers": promql("avg_over_time(temperature[1m])", 1, 60),
        "GET /data: all servers": data(1, aggregation="minute", group_by="server"),
        "value at each minute of a day, all servers": promql("temperature", 1, 60),
        "mean of all at each minute of a day": promql("avg(avg_over_time(temperature[1m]))", 1, 60),
        "GET /data: all together": data(1, aggregation="minute"),
    }


def measure(servers: int, days: int, rounds: int) -> dict[str, tuple[list[float], int]]:
    """Seconds of each question in each round, and bytes of its answer."""
    system = System(scratch_folder())
    found: dict[str, tuple[list[float], int]] = {}
    try:
        system.start()
        time.sleep(SETTLE_SECONDS)
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            fleet = history.servers(connection, servers)
            history.seal(connection, fleet.numbers[:1], days * 24)
            history.seal(connection, fleet.numbers[1:], 24)
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        with httpx.Client(base_url=system.url, headers=headers, trust_env=False, timeout=120) as client:
            for turn in range(rounds + 1):
                for name, ask in questions(fleet, days).items():
                    started = time.perf_counter()
                    answer = ask(client, turn).raise_for_status()
                    if turn:
                        found.setdefault(name, ([], len(answer.content)))[0].append(time.perf_counter() - started)
    finally:
        system.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("servers", 100), ("days", 30), ("rounds", 9)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    table = Table("", "median ms", "least ms", "kB", box=None)
    for name, (seconds, size) in measure(options.servers, options.days, options.rounds).items():
        table.add_row(name, f"{median(seconds) * 1e3:.1f}", f"{min(seconds) * 1e3:.1f}", f"{size / 1e3:.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
