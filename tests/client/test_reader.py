"""The readers: pages that follow one another, and errors in the system's words."""

import httpx
import pytest

from sentinela_client import AsyncReader, Reader, Refused, Unreachable
from tests.conftest import Server, User
from tests.contract.calls import post_many, stamp
from tests.system import System, free_port


def fill(client: httpx.Client, server: Server, count: int = 25) -> None:
    post_many(client, server, [{"timestamp": stamp(minutes=n), "temperature": n} for n in range(count)])


def test_pages_follow_one_another_to_the_end(system: System, client: httpx.Client, user: User, server: Server) -> None:
    fill(client, server)
    with Reader(system.url, user.token) as reader:
        pages = list(reader.pages(server.ulid, limit=10))
        assert [len(page) for page in pages] == [10, 10, 5]
        rows = list(reader.readings(server.ulid, stamp(minutes=5), stamp(minutes=9), limit=2))
        assert [row["temperature"] for row in rows] == [5, 6, 7, 8, 9]
        (mean,) = reader.readings([server.ulid], aggregation="1h", function=["mean", "max"])
        assert (mean["temperature_mean"], mean["temperature_max"]) == (12, 24)
        (newest,) = reader.latest(server.ulid)
        assert newest["values"]["temperature"]["value"] == 24


async def test_the_reader_of_asyncio_does_the_same(
    system: System, client: httpx.Client, user: User, server: Server
) -> None:
    fill(client, server)
    async with AsyncReader(system.url, user.token) as reader:
        assert [len(page) async for page in reader.pages(server.ulid, limit=10)] == [10, 10, 5]
        assert len([row async for row in reader.readings(server.ulid, limit=7)]) == 25
        assert len(await reader.latest(server.ulid)) == 1


async def test_errors_are_told_in_the_system_s_words(system: System, user: User) -> None:
    with Reader(system.url, user.token) as reader, pytest.raises(Refused, match="422") as refused:
        list(reader.readings(start="yesterday"))
    assert refused.value.status == 422
    async with AsyncReader(system.url, "snt_k_wrong") as wrong:
        with pytest.raises(Refused, match="401"):
            await wrong.latest()
    with Reader(f"http://127.0.0.1:{free_port()}", "k") as nowhere, pytest.raises(Unreachable):
        nowhere.latest()
