"""A Sender against the running system: what it keeps, what it sends, and what it says when it cannot."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentinela_client import AsyncSender, BadReading, BufferFull, BufferInUse, BufferUnusable, Closed, Sender
from sentinela_client.__main__ import main
from tests.client.adding import reading
from tests.client.network import Network
from tests.conftest import NewServer, Server, User
from tests.contract.calls import column, new_key, readings_of

PATIENCE = 30.0
NewSender = Callable[..., Sender]


@pytest.fixture
def new_sender(network: Network, server: Server, tmp_path: Path) -> Iterator[NewSender]:
    """Senders on one buffer, through the network."""
    made: list[Sender] = []

    def make(**more: Any) -> Sender:
        given = {"key": server.device_key, "server_ulid": server.ulid, "linger": 0.02, "timeout": 1.0, **more}
        sender = Sender(network.url, buffer=given.pop("buffer", tmp_path / "buffer.db"), **given)
        made.append(sender)
        return sender

    yield make
    for sender in made:
        sender.close(0)


def until_troubled(sender: Sender) -> str:
    """What is the matter, as soon as something is."""
    ends = time.monotonic() + PATIENCE
    while (trouble := sender.status().trouble) is None:
        assert time.monotonic() < ends
        time.sleep(0.01)
    return trouble


def test_what_is_added_is_stored_once_through_a_network_that_fails(
    client: httpx.Client, user: User, server: Server, network: Network, new_sender: NewSender
) -> None:
    sender = new_sender(batch_size=100)
    faults: list[Callable[[], object]] = [network.cut, network.freeze, lambda: network.lose_answers(3)]
    for number, fail in enumerate(faults):
        fail()
        sender.add_many(reading(n) for n in range(number * 400, number * 400 + 400))
        assert until_troubled(sender)
        network.restore()
        assert sender.flush(PATIENCE)
    assert network.broken == 3
    rows = readings_of(client, user, server, limit=10_000)
    assert column(rows, "temperature") == [n % 100 for n in range(1_200)]
    status = sender.status()
    assert (status.waiting, status.dead_letters, status.acknowledged, status.trouble) == (0, 0, 1_200, None)


def test_a_closed_sender_leaves_the_rest_to_the_next_one(
    client: httpx.Client, user: User, server: Server, network: Network, new_sender: NewSender
) -> None:
    network.cut()
    first = new_sender()
    first.add(temperature=1, humidity=2)
    first.close(0.1)
    with pytest.raises(Closed):
        first.add(temperature=2)
    network.restore()
    second = new_sender()
    assert second.flush(PATIENCE)
    (row,) = readings_of(client, user, server)
    assert (row["temperature"], row["humidity"]) == (1, 2)
    assert abs(datetime.fromisoformat(row["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_threads_add_at_once_and_no_two_readings_share_an_instant(
    client: httpx.Client, user: User, server: Server, new_sender: NewSender
) -> None:
    sender = new_sender()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: sender.add(temperature=number), range(400)))
    assert sender.flush(PATIENCE)
    assert sorted(column(readings_of(client, user, server), "temperature")) == list(range(400))


def test_a_refused_reading_is_a_dead_letter_and_holds_nothing_up(
    client: httpx.Client, user: User, server: Server, new_sender: NewSender
) -> None:
    sender = new_sender()
    sender.add_many([reading(0), {"humidity": 101}, reading(1)])
    assert sender.flush(PATIENCE)
    assert len(readings_of(client, user, server)) == 2
    (letter,) = sender.dead_letters()
    assert letter.reading["humidity"] == 101
    assert "humidity" in letter.reason
    assert sender.resend([letter.id]) == 1
    assert sender.flush(PATIENCE)
    (again,) = sender.dead_letters()
    assert again.reading == letter.reading
    assert sender.discard([again.id]) == 1
    assert (sender.dead_letters(), sender.status().dead_letters) == ([], 0)


def test_dead_letters_are_sent_again_when_the_cause_is_mended(
    client: httpx.Client, user: User, server: Server, new_server: NewServer, new_sender: NewSender
) -> None:
    other = new_server(user)
    wrong = new_sender(server_ulid=other.ulid)
    wrong.add(temperature=5)
    assert wrong.flush(PATIENCE)
    assert wrong.status().dead_letters == 1
    wrong.close()
    right = new_sender(key=other.device_key)
    assert right.resend() == 1
    assert right.flush(PATIENCE)
    assert column(readings_of(client, user, other), "temperature") == [5]
    assert right.dead_letters() == []


def test_dead_letters_are_seen_and_sent_again_from_the_shell(
    client: httpx.Client,
    user: User,
    server: Server,
    new_sender: NewSender,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    buffer = str(tmp_path / "buffer.db")
    sender = new_sender()
    sender.add_many([{"humidity": 101}, {"humidity": 102}])
    assert sender.flush(PATIENCE)
    assert main([buffer]) == 1
    assert "belongs to another Sender" in capsys.readouterr().err
    sender.close()
    for words in (["dead-letters"], ["discard", "1"], ["resend"], []):
        assert main([buffer, *words]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "humidity" in said[0]
    assert said[2:4] == ["1 forgotten", "1 will be sent again"]
    assert said[4].startswith("1 readings wait, 0 dead letters")
    assert main([str(tmp_path / "no-such.db")]) == 1


def test_a_key_that_is_no_good_costs_no_reading(
    client: httpx.Client, user: User, server: Server, new_sender: NewSender
) -> None:
    revoked = new_key(client, user, scopes=["write"])
    client.delete(f"/keys/{revoked['key_id']}", headers=user.headers).raise_for_status()
    sender = new_sender(key=revoked["key"])
    sender.add(temperature=1)
    assert until_troubled(sender).startswith("401")
    assert sender.status().dead_letters == 0
    sender.close(0)
    sender = new_sender()
    assert sender.flush(PATIENCE)
    assert len(readings_of(client, user, server)) == 1


def test_a_full_buffer_says_so_and_keeps_what_it_has(
    client: httpx.Client, user: User, server: Server, network: Network, new_sender: NewSender
) -> None:
    network.cut()
    sender = new_sender(max_bytes=400_000)
    kept = 0

    def add_more() -> int:
        sender.add_many(reading(n) for n in range(kept, kept + 500))
        return kept + 500

    with pytest.raises(BufferFull, match="was not kept"):  # noqa: PT012 - nobody knows at which
        while True:
            kept = add_more()
    assert sender.status().waiting == kept > 500
    assert sender.status().bytes_used <= 400_000
    network.restore()
    assert sender.flush(PATIENCE)
    kept = add_more()
    assert sender.flush(PATIENCE)
    assert len(readings_of(client, user, server, limit=10_000)) == kept


def test_a_buffer_belongs_to_one_sender(new_sender: NewSender, tmp_path: Path) -> None:
    sender = new_sender()
    with pytest.raises(BufferInUse, match="belongs to another Sender"):
        new_sender()
    code = "import sys, sentinela_client as c; c.Sender('http://localhost:1', None, sys.argv[1])"
    another = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "buffer.db")],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "clients" / "python")},
        capture_output=True,
        text=True,
    )
    assert "BufferInUse" in another.stderr
    sender.close()
    new_sender()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({}, "at least one value"),
        ({"temperature": float("nan")}, "no measurement"),
        ({"temperature": "20"}, "must be a number"),
        ({"temperature": True}, "must be a number"),
        ({"temperature": 1, "timestamp": datetime(2026, 1, 1)}, "no time zone"),
        ({"temperature": 1, "timestamp": "yesterday"}, "ISO 8601"),
        ({"temperature": 1, "server_ulid": " "}, "server_ulid"),
    ],
)
def test_what_can_never_be_sent_is_refused_at_once(new_sender: NewSender, bad: dict[str, Any], why: str) -> None:
    sender = new_sender()
    with pytest.raises(BadReading, match=why):
        sender.add_many([reading(0), bad])
    assert sender.status().waiting == sender.status().acknowledged == 0


def test_a_file_that_is_no_buffer_is_left_alone(new_sender: NewSender, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("important " * 1000)
    with pytest.raises(BufferUnusable):
        new_sender(buffer=text)
    assert text.read_text() == "important " * 1000
    with pytest.raises(BufferUnusable):
        new_sender(buffer=tmp_path / "no-such-folder" / "buffer.db")


def test_an_address_or_a_key_that_cannot_be_one_is_refused(new_sender: NewSender, tmp_path: Path) -> None:
    for url in ("sentinela.example", "ftp://sentinela.example", "https://ana:secret@sentinela.example"):
        with pytest.raises(ValueError, match="is not an address"):
            Sender(url, None, tmp_path / "other.db")
    with pytest.raises(ValueError, match="key"):
        new_sender(key="two words")


async def test_the_sender_of_asyncio_does_the_same(
    client: httpx.Client, user: User, server: Server, network: Network, tmp_path: Path
) -> None:
    network.cut()
    threads = threading.active_count()
    async with AsyncSender(network.url, server.device_key, tmp_path / "a.db", server_ulid=server.ulid) as sender:
        await sender.add_many([reading(0), {"humidity": 101}])
        await sender.add(temperature=7)
        assert not await sender.flush(0.3)
        network.restore()
        assert await sender.flush(PATIENCE)
        (letter,) = await sender.dead_letters()
        assert await sender.resend([letter.id]) == 1
        assert (await sender.status()).acknowledged == 2
    assert threading.active_count() <= threads + 40
    assert len(readings_of(client, user, server)) == 2
