"""Two workspaces with everything in them, and somebody of every kind who belongs to the first."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.contract.calls import Row, bearer, log_in, register, unique

ROLES = ("viewer", "operator", "admin")
SCOPES = ("read", "write", "admin")
ACTORS = ("anonymous", "device", *(f"key {scope}" for scope in SCOPES), *ROLES)
PASSWORD = "violet-otter-42"


@dataclass
class World:
    """A workspace; `things` are its identifiers by the names of path parameters."""

    client: httpx.Client
    owner: dict[str, str]
    things: dict[str, str]
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """As the owner; the JSON of the answer."""
        answer = self.client.request(method, path.format(**self.things), headers=self.owner, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def invite(self, role: str) -> str:
        token: str = self.call("POST", "/workspaces/{workspace_ulid}/invitations", json={"role": role})["token"]
        return token

    def join(self, role: str) -> tuple[str, str, dict[str, str]]:
        """Somebody new with this role: name, identifier, credential."""
        name = unique(role)
        made = register(self.client, name, PASSWORD, invitation=self.invite(role)).raise_for_status().json()
        return name, made["id"], self.sign_in(name)

    def sign_in(self, name: str) -> dict[str, str]:
        return bearer(log_in(self.client, name, PASSWORD).raise_for_status().json()["access_token"])

    def fresh(self, thing: str, actor: str) -> dict[str, str]:
        """What a call uses up, made anew: the identifiers to call with."""
        return MAKERS[thing](self, actor) if thing in MAKERS else {}


def build(client: httpx.Client) -> World:
    """A workspace of its own with one of each thing."""
    name = unique("owner")
    register(client, name, PASSWORD).raise_for_status()
    owner = bearer(log_in(client, name, PASSWORD).raise_for_status().json()["access_token"])
    (own,) = client.get("/auth/me", headers=owner).json()["workspaces"]
    world = World(client, owner, {"workspace_ulid": own["workspace_ulid"], "username": name, "password": PASSWORD})
    made = world.call("POST", "/servers", json={"server_name": "Dolly"})
    world.things["server_ulid"] = made["server_ulid"]
    world.credentials = {"anonymous": {}, "device": bearer(made["device_key"])}
    for thing, make in MAKERS.items():
        if thing not in world.things:
            world.things |= make(world, "owner")
    world.things |= {"key": "greeting", "name": "server_name", "receipt_id": _receipt(world), "job_id": _job(world)}
    world.call("POST", "/cache/set", json={"key": "greeting", "value": "olá"})
    return world


def people(world: World) -> None:
    """Give the world a key of each scope, and a person of each role who belongs to it alone."""
    for scope in SCOPES:
        key = world.call("POST", "/keys", json={"name": scope, "scopes": [scope]})
        world.credentials[f"key {scope}"] = bearer(key["key"])
    for role in ROLES:
        world.names[role], _, world.credentials[role] = world.join(role)


def _receipt(world: World) -> str:
    body = [{"server_ulid": world.things["server_ulid"], "temperature": 20.5}]
    headers = {**world.owner, "Idempotency-Key": unique("once")}
    answer = world.client.post("/data", json=body, headers=headers).raise_for_status()
    return answer.headers["location"].removeprefix("/receipts/")


def _job(world: World) -> str:
    content = "server_ulid,timestamp,temperature\nDolly,2026-01-31T12:00:00Z,25.3\n"
    headers = {**world.owner, "Content-Type": "text/csv"}
    job: Row = world.client.post("/imports", content=content, headers=headers).raise_for_status().json()
    while job["state"] != "done":
        time.sleep(0.05)
        job = world.call("GET", f"/jobs/{job['job_id']}")
    return str(job["job_id"])


def _server(world: World, _: str) -> dict[str, str]:
    return {"server_ulid": world.call("POST", "/servers", json={"server_name": unique("server")})["server_ulid"]}


def _key(world: World, _: str) -> dict[str, str]:
    return {"key_id": world.call("POST", "/keys", json={"name": "spare"})["key_id"]}


def _device_key(world: World, _: str) -> dict[str, str]:
    return {"device_key_id": world.call("POST", "/servers/{server_ulid}/keys")["key_id"]}


def _invitation(world: World, _: str) -> dict[str, str]:
    made = world.call("POST", "/workspaces/{workspace_ulid}/invitations", json={})
    return {"invitation_id": made["invitation_id"]}


def _member(world: World, _: str) -> dict[str, str]:
    return {"user_id": world.join("viewer")[1]}


def _session(world: World, actor: str) -> dict[str, str]:
    """Another session of the actor's; of the owner's where nobody acts yet."""
    headers = world.sign_in(world.names.get(actor, world.things["username"]))
    (current,) = [row for row in world.client.get("/auth/sessions", headers=headers).json() if row["current"]]
    return {"session_id": current["session_id"]}


def _workspace(world: World, actor: str) -> dict[str, str]:
    """A further workspace of the actor's own."""
    headers = world.credentials[actor]
    made = world.client.post("/workspaces", json={"name": "gone soon"}, headers=headers).raise_for_status().json()
    return {"workspace_ulid": made["workspace_ulid"]}


def _view(world: World, actor: str) -> dict[str, str]:
    """One of the actor's own: nobody else has it."""
    headers = {**(world.credentials.get(actor) or world.owner), "Sentinela-Workspace": world.things["workspace_ulid"]}
    body = {"name": unique("view"), "query": "range=24h"}
    return {"view_id": world.client.post("/views", json=body, headers=headers).raise_for_status().json()["view_id"]}


def _channel(world: World, _: str) -> dict[str, str]:
    body = {"name": unique("channel"), "url": "http://169.254.169.254/"}
    return {"channel_id": world.call("POST", "/channels", json=body)["channel_id"]}


def _notification(world: World, actor: str) -> dict[str, str]:
    """One that is dead, because its address is not public."""
    channel = _channel(world, actor)["channel_id"]
    made: Row = world.call("POST", f"/channels/{channel}/test")
    while made["state"] != "dead":
        time.sleep(0.05)
        made = world.call("GET", f"/notifications/{made['notification_id']}")
    return {"notification_id": made["notification_id"]}


def _rule(world: World, _: str) -> dict[str, str]:
    body = {"name": unique("rule"), "condition": {"kind": "offline"}, "enabled": False}
    return {"rule_id": world.call("POST", "/rules", json=body)["rule_id"]}


def _incident(world: World, actor: str) -> dict[str, str]:
    """One that the watcher opened, for a server of its own."""
    server = world.call("POST", "/servers", json={"server_name": unique("server")})
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60}
    body = {"name": unique("rule"), "condition": condition, "server_ulids": [server["server_ulid"]]}
    rule = world.call("POST", "/rules", json=body)["rule_id"]
    reading = {"server_ulid": server["server_ulid"], "humidity": 70}
    world.client.post("/data", json=reading, headers=bearer(server["device_key"])).raise_for_status()
    while not (found := world.call("GET", f"/incidents?rule_id={rule}")):
        time.sleep(0.05)
    return {"incident_id": found[0]["incident_id"]}


def _silence(world: World, _: str) -> dict[str, str]:
    body = {"reason": "maintenance", "starts_at": "2098-12-31T12:00:00Z", "until": "2099-01-31T12:00:00Z"}
    return {"silence_id": world.call("POST", "/silences", json=body)["silence_id"]}


MAKERS: dict[str, Callable[[World, str], dict[str, str]]] = {
    "server_ulid": _server,
    "key_id": _key,
    "device_key_id": _device_key,
    "invitation_id": _invitation,
    "user_id": _member,
    "session_id": _session,
    "workspace_ulid": _workspace,
    "view_id": _view,
    "channel_id": _channel,
    "notification_id": _notification,
    "rule_id": _rule,
    "incident_id": _incident,
    "silence_id": _silence,
}
