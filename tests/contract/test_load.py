"""Thirty-two clients at once: every acknowledged reading is there, once, and as it was sent."""

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.burst import Answer, burst, json_request
from tests.contract.calls import metric, readings, readings_of, stamp
from tests.system import System

CLIENTS = 32


@pytest.fixture
def posts_each(long_run: bool) -> int:
    return 640 if long_run else 20


def lane(client_number: int, server: Server, posts: int) -> list[bytes]:
    return [
        json_request(
            "/data",
            {
                "server_ulid": server.ulid,
                "timestamp": stamp(seconds=post, milliseconds=client_number),
                "temperature": client_number,
                "voltage": post,
            },
            server.headers,
        )
        for post in range(posts)
    ]


def statuses(answers: list[list[Answer]]) -> set[int]:
    return {answer.status for lane_answers in answers for answer in lane_answers}


def test_32_clients_that_share_a_server_lose_nothing(
    client: httpx.Client, system: System, user: User, server: Server, posts_each: int
) -> None:
    answers = burst(system.url, [lane(number, server, posts_each) for number in range(CLIENTS)])
    assert statuses(answers) == {201}
    rows = readings_of(client, user, server)
    assert len(rows) == CLIENTS * posts_each
    stored = [(row["voltage"], row["temperature"]) for row in rows]
    assert stored == [(post, number) for post in range(posts_each) for number in range(CLIENTS)]


def test_32_clients_with_servers_of_their_own_lose_nothing(
    client: httpx.Client, system: System, newcomer: User, new_server: NewServer, posts_each: int
) -> None:
    servers = [new_server(newcomer) for _ in range(CLIENTS)]
    lanes = [lane(number, server, posts_each) for number, server in enumerate(servers)]
    assert statuses(burst(system.url, lanes)) == {201}
    assert len(readings(client, newcomer)) == CLIENTS * posts_each
    for number in (0, 1, CLIENTS - 1):
        rows = readings_of(client, newcomer, servers[number])
        assert [row["voltage"] for row in rows] == list(range(posts_each))
        assert {row["temperature"] for row in rows} == {number}


def test_bad_readings_among_many_answer_only_themselves(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    good = lane(1, server, 20)
    bad = [
        json_request("/data", {"server_ulid": server.ulid, "temperature": -300}, server.headers),
        json_request("/data", {"server_ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "temperature": 1}, user.headers),
    ] * 10
    answers = burst(system.url, [good, bad, lane(2, server, 20), bad])
    assert [answer.status for answer in answers[0] + answers[2]] == [201] * 40
    assert [answer.status for answer in answers[1] + answers[3]] == [422, 404] * 20
    assert len(readings_of(client, user, server)) == 40


def test_metrics_count_every_reading_of_every_process(client: httpx.Client, system: System, server: Server) -> None:
    def counted() -> float:
        return metric(client, "sentinela_readings_total", outcome="accepted")

    before = counted()
    burst(system.url, [lane(number, server, 5) for number in range(CLIENTS)])
    assert counted() - before == CLIENTS * 5
    again = metric(client, "sentinela_readings_total", outcome="duplicate")
    burst(system.url, [lane(number, server, 5) for number in range(CLIENTS)])
    assert counted() - before == CLIENTS * 5
    assert metric(client, "sentinela_readings_total", outcome="duplicate") - again == CLIENTS * 5
