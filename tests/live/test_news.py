"""`presence` and `incident` frames of `GET /data/stream`: told as they happen, to whoever watches the workspace."""

import time

import httpx

from tests.conftest import NewServer, NewUser
from tests.contract.calls import post, unique
from tests.contract.test_presence import set_limit
from tests.live.reader import Reader, listening
from tests.system import System

# The watcher notices within a second, a new rule counts within two; five times that.
NOTICED_SECONDS = 15.0


def test_who_comes_and_goes_and_what_rules_say_is_told(
    system: System, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    user, stranger = new_user(), new_user()
    server, other = new_server(user), new_server(user)
    set_limit(client, user, server, 1)
    body = {"name": unique("silent"), "condition": {"kind": "offline"}, "server_ulids": [server.ulid]}
    rule = client.post("/rules", json=body, headers=user.headers).raise_for_status().json()
    with (
        listening(system.url, user.headers) as reader,
        listening(system.url, user.headers, server_ulid=other.ulid) as of_other,
        listening(system.url, stranger.headers) as foreign,
    ):
        begun = time.monotonic()
        post(client, server, temperature=1)
        reader.wait(lambda: len(reader.of("presence")) >= 2, NOTICED_SECONDS)
        print(f"online and offline told after {time.monotonic() - begun:.1f} s, of which 1 s was the limit")
        reader.wait(lambda: bool(reader.of("incident")), NOTICED_SECONDS)
        shown = [(item["server_ulid"], item["status"]) for item in reader.of("presence")]
        assert shown[:2] == [(server.ulid, "online"), (server.ulid, "offline")]
        (incident,) = reader.of("incident")
        assert (incident["event"], incident["state"], incident["rule_id"]) == ("opened", "open", rule["rule_id"])
        assert (incident["server_ulid"], incident["severity"]) == (server.ulid, "warning")
        path = f"/incidents/{incident['incident_id']}"
        assert client.get(path, headers=user.headers).json()["opened_at"] == incident["at"]
        client.post(f"{path}/acknowledge", headers=user.headers).raise_for_status()
        client.post(f"{path}/comments", json={"text": "on my way"}, headers=user.headers).raise_for_status()
        client.delete(f"/rules/{rule['rule_id']}", headers=user.headers).raise_for_status()
        reader.wait(lambda: len(reader.of("incident")) == 4)
        assert [item["event"] for item in reader.of("incident")] == ["opened", "acknowledged", "commented", "resolved"]
        assert silent(of_other), "it asked for another server"
        assert silent(foreign), "it is another workspace's"


def silent(reader: Reader) -> bool:
    return reader.of("presence") + reader.of("incident") == []
