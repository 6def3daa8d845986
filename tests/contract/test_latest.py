"""`GET /data/latest`: the newest stored value of each quantity of each server."""

from typing import Any

import httpx

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import post, post_many, stamp
from tests.contract.problems import assert_problem


def latest(client: httpx.Client, user: User, **filters: Any) -> list[dict[str, Any]]:
    response = client.get("/data/latest", params=filters, headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


def test_each_quantity_stands_for_itself_and_late_readings_change_nothing(
    client: httpx.Client, user: User, server: Server
) -> None:
    post(client, server, timestamp=stamp(), temperature=20, humidity=40)
    post(client, server, timestamp=stamp(seconds=1), temperature=21)
    post(client, server, timestamp=stamp(seconds=-5), temperature=1, humidity=1)
    (row,) = latest(client, user, server_ulid=server.ulid)
    assert row["server_name"] == server.name
    assert row["values"] == {
        "temperature": {"timestamp": stamp(seconds=1), "value": 21},
        "humidity": {"timestamp": stamp(), "value": 40},
    }


def test_every_acknowledged_reading_is_in_the_next_answer(client: httpx.Client, user: User, server: Server) -> None:
    for number in range(50):
        post(client, server, timestamp=stamp(seconds=number), temperature=number)
        (row,) = latest(client, user, server_ulid=server.ulid)
        assert row["values"]["temperature"] == {"timestamp": stamp(seconds=number), "value": number}


def test_filters_and_servers_that_have_nothing(client: httpx.Client, new_user: NewUser, new_server: NewServer) -> None:
    user = new_user()
    one, silent = new_server(user), new_server(user)
    assert [row["values"] for row in latest(client, user)] == [{}, {}]
    post_many(client, one, [{"timestamp": stamp(), "temperature": 1, "humidity": 2, "flow": 3}])
    by_ulid = {row["server_ulid"]: row["values"] for row in latest(client, user)}
    assert by_ulid[silent.ulid] == {}
    assert set(by_ulid[one.ulid]) == {"temperature", "humidity", "flow"}
    (row,) = latest(client, user, sensor_type=["flow", "voltage"])
    assert row["values"] == {"flow": {"timestamp": stamp(), "value": 3}}
    assert latest(client, new_user()) == []


def test_what_is_not_there_is_refused_by_name(client: httpx.Client, user: User, foreign_server: Server) -> None:
    for ulid in (foreign_server.ulid, "no-such-server"):
        assert_problem(client.get("/data/latest", params={"server_ulid": ulid}, headers=user.headers), 404)
    answer = client.get("/data/latest", params={"sensor_type": "pressur"}, headers=user.headers)
    assert assert_problem(answer, 422)["errors"][0]["loc"] == ["query", "sensor_type", 0]
    assert_problem(client.get("/data/latest", params={"limit": 3}, headers=user.headers), 422)
