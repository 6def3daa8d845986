"""`GET /data/stream`: what is committed is told, to everybody who may see it and nobody else, once."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
import redis

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import bearer, new_key, post, post_many, stamp
from tests.contract.problems import assert_problem
from tests.live.reader import Reader, listening
from tests.system import System


@pytest.fixture
def reader(system: System, user: User) -> Iterator[Reader]:
    """Somebody who watches all of `user`'s workspace."""
    with listening(system.url, user.headers) as opened:
        yield opened


def temperatures(reader: Reader, server: Server) -> list[float]:
    return [item["temperature"] for item in reader.of("reading") if item["server_ulid"] == server.ulid]


def newest_stream(cache: "redis.Redis[bytes]") -> bytes:
    """The stream of the workspace that was made last."""
    keys = list(cache.scan_iter("sentinela:{events}:stream:*"))
    return max(keys, key=lambda key: int(key.rsplit(b":", 1)[1]))


def test_a_reading_is_told_as_it_is_stored(client: httpx.Client, reader: Reader, server: Server) -> None:
    assert reader.frames[0].kind == "ready"
    assert reader.frames[0].data == {"resumed": False}
    stored = post(client, server, timestamp="2026-01-31T12:00:00.5Z", temperature=25.3, pressure=1013.2)
    reader.wait(lambda: bool(reader.of("reading")))
    assert reader.of("reading") == [stored]


def test_every_reading_reaches_every_reader_of_every_process_once_and_in_order(
    system: System, client: httpx.Client, user: User, server: Server
) -> None:
    count = 60
    with ExitStack() as stack:
        readers = [stack.enter_context(listening(system.url, user.headers)) for _ in range(8)]
        for number in range(count):
            with httpx.Client(base_url=system.url, trust_env=False) as other:
                post(other if number % 2 else client, server, timestamp=stamp(seconds=number), temperature=number)
        for reader in readers:
            reader.wait(lambda: len(temperatures(reader, server)) >= count)  # noqa: B023
            assert sorted(temperatures(reader, server)) == list(range(count))


def test_whoever_begins_while_others_send_misses_nothing_from_ready_on(
    system: System, user: User, server: Server, client: httpx.Client
) -> None:
    sent: list[tuple[float, int]] = []
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            begun = time.monotonic()
            post(client, server, timestamp=stamp(days=1, milliseconds=number), temperature=number)
            sent.append((begun, number))
            number += 1
            # Below 400 a second, so that each is among the newest 20 of its moment.
            time.sleep(0.005)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(6):
            with listening(system.url, user.headers) as reader:
                since = reader.frames[0].arrived
                reader.wait(lambda: len(temperatures(reader, server)) > 20)
                expected = {number for begun, number in list(sent) if begun > since}
                reader.wait(lambda: expected <= set(temperatures(reader, server)))  # noqa: B023
    finally:
        stop.set()
        sender.join()


def test_of_many_the_newest_are_told_and_the_span_of_all(client: httpx.Client, reader: Reader, server: Server) -> None:
    rows = [{"timestamp": stamp(seconds=number), "temperature": number} for number in range(300)]
    post_many(client, server, rows)
    reader.wait(lambda: bool(reader.of("backfill")))
    assert temperatures(reader, server) == list(range(280, 300))
    span = {"start_time": stamp(), "end_time": stamp(seconds=299), "readings": 300}
    assert reader.of("backfill") == [{"server_ulid": server.ulid, **span}]


def test_a_large_batch_is_told_as_well(client: httpx.Client, reader: Reader, server: Server) -> None:
    lines = [
        f"{server.ulid},2024-05-02T{h:02}:{m:02}:{s:02}Z,1" for h in range(4) for m in range(60) for s in range(60)
    ]
    body = "server_ulid,timestamp,temperature\n" + "\n".join(lines)
    answer = client.post("/data", content=body, headers={**server.headers, "Content-Type": "text/csv"})
    assert answer.json()["accepted"] == len(lines)
    reader.wait(lambda: sum(span["readings"] for span in reader.of("backfill")) == len(lines))
    assert reader.of("reading")[-1]["timestamp"] == "2024-05-02T03:59:59Z"


def test_a_filter_shows_the_asked_servers_alone(
    system: System, client: httpx.Client, user: User, server: Server, new_server: NewServer
) -> None:
    other = new_server(user)
    with listening(system.url, user.headers, server_ulid=[server.ulid.lower()]) as reader:
        post(client, other, temperature=1)
        post(client, server, temperature=2)
        reader.wait(lambda: bool(reader.of("reading")))
        assert [item["server_ulid"] for item in reader.of("reading")] == [server.ulid]


def test_another_workspace_sees_nothing(
    system: System, client: httpx.Client, new_user: NewUser, server: Server
) -> None:
    stranger = new_user()
    with listening(system.url, stranger.headers) as reader:
        post(client, server, temperature=1)
        time.sleep(1)
        assert reader.kinds() == ["ready"]
    answer = client.get("/data/stream", params={"server_ulid": server.ulid}, headers=stranger.headers)
    assert_problem(answer, 404)


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(
    system: System, client: httpx.Client, user: User, server: Server
) -> None:
    with listening(system.url, user.headers) as reader:
        post(client, server, timestamp=stamp(), temperature=0)
        reader.wait(lambda: temperatures(reader, server) == [0])
        last = reader.last_id
    for number in range(1, 40):
        post(client, server, timestamp=stamp(seconds=number), temperature=number)
        time.sleep(0.02)
    for _ in range(3):
        with listening(system.url, user.headers, last) as again:
            assert again.frames[0].data == {"resumed": True}
            again.wait(lambda: len(temperatures(again, server)) >= 39)
            time.sleep(0.3)
            assert temperatures(again, server) == list(range(1, 40))


def test_older_than_the_stream_is_a_reset(
    system: System, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    newcomer = new_user()
    server = new_server(newcomer)
    with listening(system.url, newcomer.headers) as reader:
        last = reader.last_id
        for number in range(3):
            post(client, server, timestamp=stamp(seconds=number), temperature=number)
        reader.wait(lambda: len(temperatures(reader, server)) == 3)
    with redis.Redis.from_url(system.redis_url) as cache:
        cache.xtrim(newest_stream(cache), maxlen=1, approximate=False)
    for old in (last, "1-0", "999999999999999-0"):
        with listening(system.url, newcomer.headers, old) as again:
            assert again.kinds() == ["reset"]
            post(client, server, temperature=9)
            again.wait(lambda: bool(again.of("reading")))


def test_readers_are_told_when_redis_has_lost_their_stream(
    system: System, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    newcomer = new_user()
    server = new_server(newcomer)
    with listening(system.url, newcomer.headers) as reader:
        with redis.Redis.from_url(system.redis_url) as cache:
            cache.delete(newest_stream(cache), "sentinela:{events}:watched")
        reader.wait(lambda: "reset" in reader.kinds())
        post(client, server, temperature=3)
        reader.wait(lambda: temperatures(reader, server) == [3])


def test_silence_is_broken_by_comments_that_move_the_position(
    system: System, client: httpx.Client, user: User, server: Server, new_server: NewServer
) -> None:
    quiet = new_server(user)
    with listening(system.url, user.headers, server_ulid=quiet.ulid) as reader:
        begun = reader.last_id
        post(client, server, temperature=1)
        reader.wait(lambda: reader.comments > 0, seconds=25)
        assert reader.last_id > begun
        assert reader.kinds() == ["ready"]


def test_a_revoked_key_and_a_logout_end_their_streams(system: System, client: httpx.Client, new_user: NewUser) -> None:
    person = new_user()
    key = new_key(client, person, scopes=["read"])
    with listening(system.url, bearer(key["key"])) as by_key, listening(system.url, person.headers) as by_token:
        client.delete(f"/keys/{key['key_id']}", headers=person.headers).raise_for_status()
        assert by_key.ended.wait(10)
        assert not by_token.ended.is_set()
        client.post("/auth/logout", headers=person.headers).raise_for_status()
        assert by_token.ended.wait(10)


def test_bad_positions_and_missing_rights_are_refused(client: httpx.Client, user: User, server: Server) -> None:
    for bad in ("yesterday", "12", "1-", "-1-0", "1-2-3", "9" * 30 + "-0"):
        problem = assert_problem(client.get("/data/stream", headers={**user.headers, "Last-Event-ID": bad}), 422)
        assert problem["errors"][0]["loc"] == ["header", "Last-Event-ID"]
    assert_problem(client.get("/data/stream"), 401)
    assert_problem(client.get("/data/stream", headers=server.headers), 403)
    writer = new_key(client, user, scopes=["write"])["key"]
    assert_problem(client.get("/data/stream", headers=bearer(writer)), 403)
    absent = {"server_ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    assert_problem(client.get("/data/stream", params=absent, headers=user.headers), 404)
