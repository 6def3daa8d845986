"""Device keys as passwords at Mosquitto, with the configuration of deploy/mosquitto."""

import json
import os
import queue
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from app.cli.mqtt_keys import mqtt_keys
from tests.cli.commands import Done, run_here, start
from tests.conftest import NewServer, Server, User
from tests.contract.calls import bearer, column, new_key, readings_of, stamp
from tests.contract.problems import assert_problem
from tests.system import System, free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
PATHS = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
PATIENCE = 30.0
pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto", path=PATHS) is None, reason="NOT TESTED: there is no mosquitto on this machine"
)


class Broker:
    """Mosquitto as `deploy/mosquitto/run.sh` starts it, on a free port and in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.users, self.secret = folder / "passwords" / "passwords", folder / "passwords" / "bridge"
        for name in ("data", "passwords"):
            (folder / name).mkdir()
        text = (DEPLOY / "mosquitto.conf").read_text()
        for ours, here in {
            "listener 1883": f"listener {self.port} 127.0.0.1",
            "/mosquitto/data/": f"{folder}/data/",
            "/mosquitto/config/": f"{DEPLOY}/",
        }.items():
            assert ours in text
            text = text.replace(ours, here)
        if os.geteuid() == 0:
            text += "user root\n"  # whose folders a test's are
        (folder / "mosquitto.conf").write_text(text)
        self.process = subprocess.Popen(
            ["sh", DEPLOY / "run.sh", folder / "mosquitto.conf", self.users, folder / "data" / "passwords"],
            env=os.environ | {"PATH": PATHS},
            stderr=subprocess.DEVNULL,
        )

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def bridge(system: System, client: httpx.Client, user: User, broker: Broker) -> Iterator[None]:
    until(broker.secret.exists)
    key = new_key(client, user, scopes=["write"])["key"]
    words = ("--broker", f"mqtt://bridge@127.0.0.1:{broker.port}", "--password-file", str(broker.secret))
    running = start(system.url, key, "mqtt", *words, "--client-id", "bridge")
    try:
        yield
    finally:
        running.terminate()
        running.communicate(timeout=20)


@pytest.fixture
def keys(system: System, client: httpx.Client, user: User, broker: Broker) -> Callable[..., Done]:
    """`sentinela mqtt-keys …` with an administrator's key."""
    key = new_key(client, user, scopes=["admin"])["key"]

    def run(*words: str, stdin: str = "") -> Done:
        return run_here(mqtt_keys, system.url, key, *words, "--file", str(broker.users), stdin=stdin)

    return run


class Device:
    """A device at the broker; `answers` gets what each try to connect came to."""

    def __init__(self, broker: Broker, username: str, password: str) -> None:
        self.answers: queue.Queue[bool] = queue.Queue()
        self.client = client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(username, password)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda _, __, ___, reason, ____: self.answers.put(not reason.is_failure)
        client.connect_async("127.0.0.1", broker.port)
        client.loop_start()

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def until_let_in(self) -> None:
        """The broker reads a changed file within a second or two."""
        until(lambda: self.answers.get(timeout=PATIENCE))

    def publish(self, server: Server, **reading: Any) -> None:
        self.client.publish(f"sentinela/{server.ulid}/data", json.dumps(reading), qos=1).wait_for_publish(PATIENCE)


def until(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < ends, "it did not come to that in time"
        time.sleep(0.1)


def test_a_device_key_opens_the_broker_for_its_own_topic_until_it_is_removed(
    client: httpx.Client, user: User, server: Server, new_server: NewServer, broker: Broker, bridge: None, keys: Any
) -> None:
    other = new_server(user)
    made = json.loads(keys("add", server.name, "--json").out)
    assert made["username"] == server.ulid
    assert made["password"] not in broker.users.read_text()
    with Device(broker, server.ulid, made["password"]) as device, Device(broker, server.ulid, "wrong") as stranger:
        device.until_let_in()

        def stored() -> bool:
            device.publish(server, timestamp=stamp(), temperature=1)
            device.publish(other, timestamp=stamp(), temperature=2)
            return bool(readings_of(client, user, server))

        until(stored)
        assert readings_of(client, user, other) == []
        assert not stranger.answers.get(timeout=PATIENCE)
        assert keys("remove", server.ulid).code == 0
        until(lambda: not device.client.is_connected())
        until(lambda: not device.answers.get(timeout=PATIENCE))
    assert_problem(client.post("/data", json=[], headers=bearer(made["password"])), 401)
    assert server.ulid not in broker.users.read_text()
    assert "bridge:" in broker.users.read_text()


def test_the_key_a_device_has_serves_too(
    client: httpx.Client, user: User, server: Server, broker: Broker, bridge: None, keys: Any
) -> None:
    assert keys("add", server.name, "--key-stdin", stdin=server.device_key + "\n").code == 0
    with Device(broker, server.ulid, server.device_key) as device:
        device.until_let_in()

        def stored() -> bool:
            device.publish(server, timestamp=stamp(), temperature=3)
            return bool(readings_of(client, user, server))

        until(stored)
    assert column(readings_of(client, user, server), "temperature") == [3]
    wrong = keys("add", server.name, "--key-stdin", stdin="snt_d_wrong\n")
    assert (wrong.code, "is no device key of" in wrong.err) == (1, True)


def test_sync_takes_out_whose_key_has_ended(
    client: httpx.Client, user: User, server: Server, new_server: NewServer, broker: Broker, keys: Any
) -> None:
    until(broker.users.exists)
    stays, gone = new_server(user), new_server(user)
    made = [json.loads(keys("add", each.ulid, "--json").out) for each in (server, stays, gone)]
    client.delete(f"/servers/{server.ulid}/keys/{made[0]['key_id']}", headers=user.headers).raise_for_status()
    client.delete(f"/servers/{gone.ulid}", headers=user.headers).raise_for_status()
    assert json.loads(keys("sync", "--json").out) == {"devices": 1, "removed": [server.ulid, gone.ulid]}
    text = broker.users.read_text()
    assert stays.ulid in text
    assert server.ulid not in text
    assert json.loads(keys("sync", "--json").out) == {"devices": 1, "removed": []}
    assert keys("remove", server.ulid).err.endswith(f"lets no server {server.ulid} in\n")
