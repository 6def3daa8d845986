"""`python -m bench.checkouts OTHER`: single readings through this checkout and another one, A B A B, in one run.

For a change on the way in: `git clone . /somewhere/else`, check out there what was before, and compare. Each side is a
whole system of its own under `up`; the CPU a request shows what a busy machine hides in the rates. Then the checks of
permission alone, in this process: who holds the key, whether it may write to the server, what it may still send.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from statistics import median

import httpx

from app.auth.principals import Principal
from app.auth.uses import KeyUses
from app.core.db import Database
from app.core.limits import Limits
from app.core.redis import Cache
from app.core.settings import Settings
from app.presence.service import Arrivals
from app.readings.quota import Quota
from app.readings.senders import Senders
from bench import sides
from bench.ingest import READING
from bench.load import Posts
from tests.system import System, scratch_folder

SETTLE_SECONDS = 8
CHECKS = 200_000


def measure(others: Path, rounds: int, seconds: float, connections: int) -> dict[str, dict[str, float]]:
    """Medians of each side's answers a second, and of its API process' CPU a request in microseconds."""
    systems = {"before": System(scratch_folder(), PYTHONPATH=str(others)), "after": System(scratch_folder())}
    figures: dict[str, dict[str, list[float]]] = {name: {"rate": [], "cpu": []} for name in systems}
    try:
        posts = {name: _posts(system.start()) for name, system in systems.items()}
        time.sleep(SETTLE_SECONDS)
        for _ in range(rounds):
            for name, system in systems.items():
                side = sides.ours(system)
                before = side.cpu_seconds()[0]
                result = posts[name].run(side.port, connections, seconds)
                if result.failures:
                    raise RuntimeError(f"{result.failures} requests failed on the side {name!r}")
                figures[name]["rate"].append(result.rate)
                figures[name]["cpu"].append((side.cpu_seconds()[0] - before) / result.answers * 1e6)
        checks = asyncio.run(_check_cost(systems["after"]))
    finally:
        for system in systems.values():
            system.close()
    medians = {name: {key: median(values) for key, values in each.items()} for name, each in figures.items()}
    return {**medians, "checks alone": {"cpu": checks * 1e6}}


def _posts(system: System) -> Posts:
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    body = {"server_name": "bench"}
    made = httpx.post(f"{system.url}/servers", json=body, headers=headers, trust_env=False).raise_for_status().json()
    return Posts("/data", READING.format(ulid=made["server_ulid"]), made["device_key"])


async def _check_cost(system: System) -> float:
    """Seconds that the checks of one reading take, on a sender that is known, with limits on."""
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with httpx.Client(base_url=system.url, headers=headers, trust_env=False) as client:
        server = client.post("/servers", json={"server_name": "checked"}).raise_for_status().json()
    settings = Settings(database_url=system.database_url, redis_url=system.redis_url, data_dir=system.data_dir)
    database, cache = Database(settings), Cache(settings)
    senders = Senders(database, settings, KeyUses(database), Arrivals(10))
    senders.start()
    quota = Quota(Limits(cache), settings.model_copy(update={"rate_limit_key": 10**7, "rate_limit_workspace": 10**7}))
    try:
        await asyncio.sleep(1)
        principal = await senders.principal(server["device_key"], None)
        if principal is None:
            raise RuntimeError("the device's key is not taken")
        await senders.targets(principal, [server["server_ulid"]])
        await quota.take(principal, 1)
        return median([_time_checks(senders, quota, principal, server) for _ in range(5)])
    finally:
        await senders.close()
        await cache.close()
        await database.close()


def _time_checks(senders: Senders, quota: Quota, principal: Principal, server: dict[str, str]) -> float:
    key, ulid, rounds = server["device_key"], server["server_ulid"], CHECKS // 100
    started = time.process_time()
    for _ in range(rounds):
        senders.known_principal(key, None)
        senders.known_server(principal, ulid)
        quota.spend(principal)
    return (time.process_time() - started) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the folder of the other checkout, which is the side before")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    found = measure(options.other.resolve(), options.rounds, options.seconds, options.connections)
    rate, cpu = (found["after"][key] / found["before"][key] for key in ("rate", "cpu"))
    print(json.dumps(found, indent=2))
    print(f"after/before: answers {rate:.3f}, CPU a request {cpu:.3f}")
    print(f"the checks are {found['checks alone']['cpu'] / found['after']['cpu']:.1%} of a request's CPU")


if __name__ == "__main__":
    main()
