"""A real broker, a real bridge: what was published is stored once, whoever is killed in between."""

import json
import os
import queue
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tests.cli.commands import start
from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import column, new_key, readings_of, stamp
from tests.system import System

COUNT = 100_000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 800
PATIENCE = 600 if COUNT == 100_000 else 90
BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
pytestmark = pytest.mark.skipif(BROKER is None, reason="NOT TESTED: there is no mosquitto on this machine")
CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_inflight_messages 2000
max_queued_messages 1000000
{user}
"""


class Mosquitto:
    """A broker with a store of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        # As root it would change to a user that may not write here.
        user = "user root" if os.geteuid() == 0 else ""
        self._file.write_text(CONFIGURATION.format(port=self.port, folder=folder, user=user))
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen([str(BROKER), "-c", str(self._file)], stderr=subprocess.DEVNULL)

    def end(self) -> None:
        """It writes its store when it is asked to end, and else now and then: a broker that is shot forgets."""
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    running = Mosquitto(tmp_path)
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def user(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture
def server(user: User, new_server: NewServer) -> Server:
    return new_server(user)


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2, "publisher", clean_session=False)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def until(done: Callable[[], bool], patience: float = PATIENCE) -> None:
    ends = time.monotonic() + patience
    while not done():
        assert time.monotonic() < ends, "it did not come to that in time"
        time.sleep(0.2)


def stored(client: httpx.Client, user: User, server: Server) -> int:
    rows = readings_of(client, user, server, function="count", sensor_type="temperature")
    return int(sum(column(rows, "temperature")))


def key_of(client: httpx.Client, user: User) -> str:
    key: str = new_key(client, user, scopes=["write"])["key"]
    return key


def bridge(system: System, key: str, broker: Mosquitto, name: str, share: str = "") -> "subprocess.Popen[str]":
    return start(system.url, key, "mqtt", "--broker", broker.url, "--client-id", name, "--share", share)


def ended(process: "subprocess.Popen[str]") -> int:
    """The exit code of a bridge that is asked to end."""
    process.terminate()
    process.communicate(timeout=20)
    return process.returncode


def wait_for_bridge(publisher: Client, topic: str, count: Callable[[], int]) -> None:
    """Nobody keeps what is published before the bridge's first subscription."""

    def one_came() -> bool:
        publisher.publish(topic, reading(0), qos=1)
        return count() > 0

    until(publisher.is_connected)
    until(one_came)


def publish(publisher: Client, topic: str, payload: bytes) -> None:
    """Hand a message over; paho has numbers for 65,535 under way and refuses what comes on top."""
    while publisher.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
        time.sleep(0.05)


def reading(number: int) -> bytes:
    return json.dumps({"timestamp": stamp(seconds=number), "temperature": number % 100}).encode()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "share", ["", pytest.param("sentinela", marks=pytest.mark.long)], ids=["one bridge", "two that share"]
)
def test_everything_published_is_stored_once_though_bridge_and_broker_are_killed(
    system: System, client: httpx.Client, user: User, server: Server, broker: Mosquitto, publisher: Client, share: str
) -> None:
    key, topic = key_of(client, user), f"sentinela/{server.ulid}/data"
    bridges = [bridge(system, key, broker, f"bridge-{number}", share) for number in range(2 if share else 1)]
    try:
        wait_for_bridge(publisher, topic, lambda: stored(client, user, server))
        for number in range(COUNT):
            publish(publisher, topic, reading(number))
            if number == COUNT // 4:
                until(lambda: stored(client, user, server) > 1)
                bridges[0].kill()
                bridges[0].communicate()
                bridges[0] = bridge(system, key, broker, "bridge-0", share)
            # With shares Mosquitto 2.0 itself loses messages when it restarts (docs/mqtt.md).
            if number == COUNT // 2 and not share:
                broker.end()
                broker.start()
        until(lambda: stored(client, user, server) == COUNT)
    finally:
        codes = [ended(process) for process in bridges]
    assert codes == [0] * len(bridges)
    assert len(set(column(readings_of(client, user, server), "timestamp"))) == COUNT


def test_what_cannot_be_stored_lies_among_the_dead_letters(
    system: System, client: httpx.Client, user: User, server: Server, broker: Mosquitto, publisher: Client
) -> None:
    letters: queue.Queue[dict[str, Any]] = queue.Queue()
    publisher.on_message = lambda _, __, message: letters.put(json.loads(message.payload))
    running = bridge(system, key_of(client, user), broker, "bridge")
    try:
        topic = f"sentinela/{server.ulid}/data"
        wait_for_bridge(publisher, topic, lambda: stored(client, user, server))
        publisher.subscribe("sentinela/dead-letters", 1)
        for topic_of, payload in (
            (topic, b'{"temperature": "hot"}'),
            (topic, b"{"),
            ("sentinela/01ARZ3NDEKTSV4RRFFQ69G5FAV/data", b'{"temperature": 1}'),
            (topic, b"temperature value=7 1767225600000000000"),
            (topic, reading(1)),
        ):
            publisher.publish(topic_of, payload, qos=1)
        until(lambda: stored(client, user, server) == 3)
        reasons = {letter["payload"]: letter["reason"] for letter in (letters.get(timeout=30) for _ in range(3))}
    finally:
        ended(running)
    assert "temperature" in reasons['{"temperature": "hot"}']
    assert "Invalid JSON" in reasons["{"]
    assert "no server" in reasons['{"temperature": 1}'].lower()


def test_a_bad_address_is_one_line(system: System) -> None:
    process = start(system.url, system.admin_key, "mqtt", "--broker", "http://here")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == "sentinela: --broker: expected mqtt://user:password@host:1883, or mqtts:// for TLS\n"
