"""Redis goes away under open streams: ingest goes on, and when it is back readers are told to look again."""

import httpx
import pytest

from tests.conftest import Server
from tests.contract.problems import assert_problem
from tests.faults.processes import RECOVERY_SECONDS, until
from tests.faults.test_redis_away import away_when
from tests.live.reader import listening
from tests.system import System

# Each process asks Redis again a second after it was away, when a request comes to it: so many find both of them.
ENOUGH = 20


def opens(client: httpx.Client) -> bool:
    with client.stream("GET", "/data/stream") as answer:
        return answer.status_code == 200


@pytest.mark.parametrize("how", ["hangs", "is dead"])
def test_readers_are_told_to_look_again_after_an_outage_of_redis(
    own: System, admin: httpx.Client, server: Server, how: str
) -> None:
    def stores(temperature: float) -> bool:
        body = {"server_ulid": server.ulid, "temperature": temperature}
        return admin.post("/data", json=body).status_code == 201

    until(lambda: all(opens(admin) for _ in range(ENOUGH)), own)
    with listening(own.url, dict(admin.headers)) as reader:
        with away_when(own, how)():
            assert stores(1.0)
            assert_problem(admin.get("/data/stream"), 503)
            assert stores(2.0)
        until(lambda: stores(3.0) and "reset" in reader.kinds(), own)
        seen = len(reader.of("reading"))
        assert stores(4.5)
        reader.wait(lambda: 4.5 in [item["temperature"] for item in reader.of("reading")[seen:]], RECOVERY_SECONDS)
        assert not reader.ended.is_set()
