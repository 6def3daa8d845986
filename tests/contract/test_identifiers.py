"""Identifiers outside are ULIDs: 26 characters of Crockford's base 32."""

import re

import httpx

from tests.conftest import Server, User
from tests.contract.calls import new_key, stamp

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def test_everything_that_can_be_named_has_a_ulid(client: httpx.Client, user: User, server: Server) -> None:
    me = client.get("/auth/me", headers=user.headers).json()
    content = f"server_ulid,timestamp,temperature\n{server.ulid},{stamp()},1\n"
    headers = {**user.headers, "Content-Type": "text/csv"}
    job = client.post("/imports", content=content, headers=headers).json()
    identifiers = {
        "user": me["id"],
        "workspace": me["workspaces"][0]["workspace_ulid"],
        "server": server.ulid,
        "key": new_key(client, user)["key_id"],
        "job": job["job_id"],
    }
    assert {kind: bool(ULID.fullmatch(value)) for kind, value in identifiers.items()} == dict.fromkeys(
        identifiers, True
    )
    assert len(set(identifiers.values())) == len(identifiers)


def test_the_id_of_a_registration_is_the_id_of_me(client: httpx.Client, user: User) -> None:
    assert client.get("/auth/me", headers=user.headers).json()["id"] == user.id
