"""Receivers that fail half the time, workers that are killed: of every incident each change arrives, by one id each."""

import os
import random
import time

import httpx
import psycopg
import pytest

from tests.alerts import mail_sink
from tests.alerts.mail_sink import Sink
from tests.alerts.receiver import Receiver, running
from tests.contract.calls import Row, unique
from tests.faults import processes
from tests.faults.processes import WORKER, until
from tests.system import System

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
COUNT = 1000 if LONG else 16
KILLS = 6 if LONG else 1
DONE_SECONDS = 600.0 if LONG else 120.0
# Waits grow to an hour and a lost claim takes a minute; the test has neither. A row that is just being delivered may so
# be delivered twice, which at-least-once allows.
HURRY = "UPDATE notification SET next_at = now() WHERE state = 'queued' AND attempts < 20 AND next_at > now()"
# Many times what an attempt takes, so that nearly all of what is hurried is waiting and not on its way.
HURRY_SECONDS = 3.0
TOLD = """
    SELECT kind, incident_ulid, event, notification_ulid, notification.state
    FROM notification JOIN channel USING (channel_id) JOIN incident USING (incident_id) WHERE rule_ulid = %s
"""


def fleet(admin: httpx.Client, site: str) -> list[str]:
    made = [
        admin.post("/servers", json={"server_name": f"{site}-{n}", "tags": {"site": site}}).raise_for_status().json()
        for n in range(COUNT)
    ]
    return [server["server_ulid"] for server in made]


def channels(admin: httpx.Client, receiver: Receiver, sink: Sink) -> list[str]:
    """A webhook and an e-mail channel whose receivers fail every other time; each notification goes alone."""
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "sender": "s@example.com"}
    kinds: list[Row] = [
        {"kind": "webhook", "url": receiver.url("/half")},
        {"kind": "email", "to": ["half@example.com"], "smtp": smtp},
    ]
    alone = {"group_seconds": 0, "per_minute": 6000}
    made = [admin.post("/channels", json={"name": unique("half"), **alone, **kind}) for kind in kinds]
    return [each.raise_for_status().json()["channel_id"] for each in made]


def send(admin: httpx.Client, servers: list[str], humidity: float) -> None:
    readings = [{"server_ulid": server, "humidity": humidity} for server in servers]
    receipt = admin.post("/data", json=readings).raise_for_status().json()
    assert receipt["accepted"] == len(servers)


@pytest.mark.timeout(1200 if LONG else 300)
def test_every_change_of_every_incident_arrives_by_its_one_id(own: System, admin: httpx.Client) -> None:
    chance = random.Random(6)
    with (
        running() as receiver,
        mail_sink.running() as sink,
        psycopg.connect(own.database_url, autocommit=True) as connection,
    ):
        site = unique("site")
        servers = fleet(admin, site)
        rule = admin.post(
            "/rules",
            json={
                "name": site,
                "condition": {"kind": "threshold", "quantity": "humidity", "above": 60},
                "tag": {"name": "site", "value": site},
                "channel_ids": channels(admin, receiver, sink),
            },
        )
        rule_id = rule.raise_for_status().json()["rule_id"]

        def arrived() -> int:
            return len(receiver.taken) + len(sink.taken)

        def count(state: str) -> int:
            statement = "SELECT count(*) FROM incident WHERE rule_ulid = %s AND state = %s"
            row = connection.execute(statement, (rule_id, state)).fetchone()
            return int(row[0]) if row else 0

        begun = time.monotonic()
        send(admin, servers, 70)
        until(lambda: count("open") == COUNT, own, DONE_SECONDS)
        send(admin, servers, 50)
        until(lambda: count("resolved") == COUNT, own, DONE_SECONDS)
        for _ in range(KILLS):
            least = arrived() + chance.randint(1, max(1, COUNT // 4))
            until(lambda least=least: arrived() >= min(least, 3 * COUNT), own)  # type: ignore[misc]
            processes.kill_family(processes.get(own, WORKER))
            until(lambda: processes.find(own, WORKER) is not None, own)
        assert arrived() < 4 * COUNT, "the kills came in the middle"

        def all_arrived() -> bool:
            connection.execute(HURRY)
            time.sleep(HURRY_SECONDS)
            rows = connection.execute(TOLD, (rule_id,)).fetchall()
            return len(rows) == 4 * COUNT and {row[-1] for row in rows} == {"delivered"}

        until(all_arrived, own, DONE_SECONDS)
        rows = connection.execute(TOLD, (rule_id,)).fetchall()
        changes = {(kind, incident, event) for kind, incident, event, *_ in rows}
        assert len(changes) == 4 * COUNT, "each change of each incident once a channel"
        assert set(receiver.taken) == {ulid for kind, _, _, ulid, _ in rows if kind == "webhook"}
        assert set(sink.taken) == {f"<{ulid}@example.com>" for kind, _, _, ulid, _ in rows if kind == "email"}
        told = {came.headers["webhook-id"]: _told(came.body) for came in receiver.deliveries}
        assert all(_told(came.body) == told[came.headers["webhook-id"]] for came in receiver.deliveries)
        assert len(set(told.values())) == 2 * COUNT, "an id names one thing"
        again = sum(receiver.taken.values()) + sum(sink.taken.values()) - 4 * COUNT
        took = time.monotonic() - begun
        print(f"{COUNT} incidents in {took:.0f} s, {KILLS} kills: {len(receiver.deliveries)} requests, {again} twice")


def _told(body: Row) -> tuple[str, str]:
    (incident,) = body["data"]["incidents"]
    return body["type"], incident["incident_id"]
