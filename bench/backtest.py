"""Backtests of a year of one server at 1 Hz (31.5 million readings), over HTTP.

    python -m bench.backtest                        # a year, three rounds
    python -m bench.backtest --days 30 --rounds 1

Generated history, sealed as it always is. Each line is a rule of another kind; the time is that of the whole request.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench import sealed_history as history
from tests.system import System, scratch_folder

TARGET_SECONDS = 5.0
THRESHOLD = {"kind": "threshold", "quantity": "temperature", "above": 24.5, "hysteresis": 0.5, "hold_seconds": 60}
RULES: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "threshold, hold and hysteresis": (THRESHOLD, None),
    "threshold that flaps at each other reading": (
        {"kind": "threshold", "quantity": "voltage", "above": 220}, None
    ),
    "threshold, with a suggestion": (THRESHOLD, {"incidents": 2, "per": "week"}),
    "rate over five minutes": (
        {"kind": "rate", "quantity": "humidity", "above": 0.4, "per": "minute", "window_seconds": 300}, None
    ),
    "deviation from 14 days": (
        {"kind": "deviation", "quantity": "temperature", "outside": {"low": -4, "high": 4}, "hold_seconds": 10}, None
    ),
    "NoData": ({"kind": "nodata", "quantity": "temperature", "for_seconds": 300}, None),
    "two thresholds at once": (
        {"kind": "all", "conditions": [THRESHOLD, {"kind": "threshold", "quantity": "humidity", "below": 45}]}, None
    ),
}  # fmt: skip


def measure(system: System, days: int, rounds: int) -> dict[str, tuple[float, dict[str, Any]]]:
    """Median seconds and the last report of each rule."""
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        fleet = history.servers(connection, 1)
        history.seal(connection, fleet.numbers, days * 24)
    start = datetime.fromtimestamp(history.FIRST_HOUR * 3600, UTC)
    span = {"start_time": start.isoformat(), "end_time": (start + timedelta(days=days)).isoformat()}
    found: dict[str, tuple[float, dict[str, Any]]] = {}
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with httpx.Client(base_url=system.url, headers=headers, timeout=300, trust_env=False) as client:
        for name, (condition, wanted) in RULES.items():
            body = {"rule": {"condition": condition, "server_ulids": fleet.ulids}, "wanted": wanted, **span}
            seconds = []
            for _ in range(rounds):
                began = time.perf_counter()
                answer = client.post("/rules/backtest", json=body).raise_for_status()
                if answer.status_code != 200:
                    raise RuntimeError(f"{name} became a job")
                seconds.append(time.perf_counter() - began)
            found[name] = (median(seconds), answer.json())
    return found


def main() -> None:
    """Entry of `python -m bench.backtest`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    system = System(scratch_folder())
    try:
        system.start()
        found = measure(system, options.days, options.rounds)
    finally:
        system.close()
    table = Table("rule", "seconds", f"≤ {TARGET_SECONDS:g} s", "fired", "readings", "suggested")
    for name, (seconds, report) in found.items():
        suggested = report["suggestion"]
        level = "" if suggested is None else f"{suggested['condition']['above']} ({suggested['count']})"
        held = "yes" if seconds <= TARGET_SECONDS else "no"
        counts = (str(report["firing"]["count"]), f"{report['coverage']['readings']:,}")
        table.add_row(name, f"{seconds:.2f}", held, *counts, level)
    Console().print(table)


if __name__ == "__main__":
    main()
