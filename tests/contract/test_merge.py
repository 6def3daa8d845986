"""The same server and instant again: values fill in, the newest wins, a copy is a duplicate."""

import httpx

from tests.conftest import NewServer, Server, User
from tests.contract.burst import burst, json_request
from tests.contract.calls import Row, post, post_many, readings_of, stamp
from tests.system import System


def only(client: httpx.Client, user: User, server: Server) -> Row:
    """The values of the one reading there is."""
    rows = readings_of(client, user, server)
    assert len(rows) == 1
    return {name: value for name, value in rows[0].items() if name not in ("timestamp", "server_ulid")}


def test_missing_values_are_filled_in(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=20)
    stored = post(client, server, timestamp=stamp(), humidity=50)
    assert (stored["temperature"], stored["humidity"]) == (20, 50), "the answer shows the stored reading"
    assert only(client, user, server) == {"temperature": 20, "humidity": 50}


def test_the_newest_value_wins_and_the_others_stay(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=20, humidity=50)
    post(client, server, timestamp=stamp(), temperature=21)
    assert only(client, user, server) == {"temperature": 21, "humidity": 50}


def test_a_null_takes_nothing_away(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=20)
    post(client, server, timestamp=stamp(), temperature=None, humidity=50)
    assert only(client, user, server) == {"temperature": 20, "humidity": 50}


def test_a_retry_changes_nothing(client: httpx.Client, user: User, server: Server) -> None:
    first = post(client, server, timestamp=stamp(), temperature=20)
    again = post(client, server, timestamp=stamp(), temperature=20)
    assert again == first
    assert only(client, user, server) == {"temperature": 20}


def test_the_same_instant_in_another_offset_is_the_same_reading(
    client: httpx.Client, user: User, server: Server
) -> None:
    post(client, server, timestamp="2024-05-01T10:00:00Z", temperature=20)
    post(client, server, timestamp="2024-05-01T07:00:00-03:00", humidity=50)
    post(client, server, timestamp="2024-05-01T10:00:00.000000", voltage=3)
    assert only(client, user, server) == {"temperature": 20, "humidity": 50, "voltage": 3}


def test_a_microsecond_apart_are_two_readings(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp="2024-05-01T10:00:00.000001Z", temperature=20)
    post(client, server, timestamp="2024-05-01T10:00:00.000002Z", temperature=21)
    assert len(readings_of(client, user, server)) == 2


def test_the_same_instant_at_two_servers_is_two_readings(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    for number in (20, 30):
        server = new_server(user)
        post(client, server, timestamp=stamp(), temperature=number)
        assert only(client, user, server) == {"temperature": number}


def test_a_receipt_tells_new_changed_and_repeated_apart(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": stamp(seconds=s), "temperature": s} for s in range(3)])
    receipt = post_many(
        client,
        server,
        [
            {"timestamp": stamp(seconds=0), "temperature": 0},
            {"timestamp": stamp(seconds=1), "temperature": 9},
            {"timestamp": stamp(seconds=2), "humidity": 2},
            {"timestamp": stamp(seconds=3), "temperature": 3},
        ],
    )
    assert receipt == {"accepted": 1, "duplicates": 1, "updated": 2, "rejected_count": 0, "rejected": []}
    assert [row["temperature"] for row in readings_of(client, user, server)] == [0, 9, 2, 3]


def test_a_part_of_what_is_stored_is_a_duplicate(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=20, humidity=50)
    receipt = post_many(client, server, [{"timestamp": stamp(), "humidity": 50}])
    assert (receipt["duplicates"], receipt["updated"]) == (1, 0)
    assert only(client, user, server) == {"temperature": 20, "humidity": 50}


def test_one_instant_several_times_in_an_array_merges_in_its_order(
    client: httpx.Client, user: User, server: Server
) -> None:
    receipt = post_many(
        client,
        server,
        [
            {"timestamp": stamp(), "temperature": 20},
            {"timestamp": stamp(), "temperature": 21, "humidity": 50},
            {"timestamp": stamp(), "temperature": 22},
            {"timestamp": stamp(), "temperature": 22},
        ],
    )
    assert only(client, user, server) == {"temperature": 22, "humidity": 50}
    assert receipt["accepted"] == 1
    assert receipt["accepted"] + receipt["duplicates"] + receipt["updated"] == 4


def test_clients_that_fill_in_one_reading_at_once_lose_nothing(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    parts: list[Row] = [{"temperature": 1}, {"humidity": 2}, {"voltage": 3}, {"current": 4}]
    lanes = [
        [
            json_request("/data", {"server_ulid": server.ulid, "timestamp": stamp(seconds=s), **part}, server.headers)
            for s in range(10)
        ]
        for part in parts
    ]
    answers = burst(system.url, lanes)
    assert {answer.status for lane in answers for answer in lane} == {201}
    whole = {"temperature": 1, "humidity": 2, "voltage": 3, "current": 4, "server_ulid": server.ulid}
    assert readings_of(client, user, server) == [{"timestamp": stamp(seconds=s), **whole} for s in range(10)]
