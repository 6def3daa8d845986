"""Every operation of the OpenAPI document × everybody who may ask × own and foreign workspace: no wrong cell."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.calls import unique
from tests.contract.permission_table import TABLE, Row
from tests.contract.worlds import ACTORS, PASSWORD, ROLES, World, build, people

SCOPES_OF: dict[str, set[str]] = {
    "anonymous": set(),
    "device": set(),
    "key read": {"read"},
    "key write": {"write"},
    "key admin": {"read", "write", "admin"},
    "viewer": {"read"},
    "operator": {"read", "write"},
    "admin": {"read", "write", "admin"},
}
METHODS = ("get", "post", "put", "patch", "delete")
# The path calls the identifier of a device's key as it calls any key's; in the table they are two things.
RENAMED = {"/servers/{server_ulid}/keys/{key_id}": "/servers/{server_ulid}/keys/{device_key_id}"}
OPERATIONS = sorted(TABLE)


def allowed(row: Row, actor: str) -> bool:
    scopes, is_person = SCOPES_OF[actor], actor in ROLES
    if row.needs == "nothing":
        return True
    if row.needs == "ingest":
        return actor == "device" or "write" in scopes
    if row.needs in ("installation", "cookie"):
        return False
    if row.needs.startswith("person"):
        needed = row.needs.removeprefix("person").strip()
        return is_person and (not needed or needed in scopes)
    return row.needs in scopes


def refusal(row: Row, actor: str) -> int:
    """401: come back with another credential; 403: with more rights."""
    if actor == "anonymous" or row.needs == "cookie":
        return 401
    if row.needs.startswith("person") and actor not in ROLES:
        return 401
    return 403


@pytest.fixture(scope="module")
def own(client: httpx.Client) -> World:
    world = build(client)
    people(world)
    return world


@pytest.fixture(scope="module")
def foreign(client: httpx.Client) -> World:
    return build(client)


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> set[tuple[str, str]]:
    """The operations of the running system."""
    paths = client.get("/openapi.json").json()["paths"]
    names = ((path, path.replace(":text", "").replace(":path", "")) for path in paths)
    return {
        (method.upper(), RENAMED.get(name, name)) for path, name in names for method in paths[path] if method in METHODS
    }


def fill(value: Any, things: dict[str, str]) -> Any:
    """The texts of an input with the names of things in them."""
    if isinstance(value, list):
        return [fill(item, things) for item in value]
    return value.format(**things) if isinstance(value, str) else value


def ask(world: World, operation: tuple[str, str], headers: dict[str, str], things: dict[str, str]) -> httpx.Response:
    (method, path), row = operation, TABLE[operation]
    filled = {**things, "new_name": unique("name")}
    options: dict[str, Any] = {"params": {name: text.format(**filled) for name, text in row.params.items()}}
    if row.content is not None:
        headers, options["content"] = {**headers, "Content-Type": "text/csv"}, fill(row.content, things)
    elif row.body is not None:
        options["json"] = {name: fill(value, filled) for name, value in row.body.items()}
    # Without the client's own cookies: an operation that signs a browser in leaves one.
    world.client.cookies.clear()
    request = world.client.build_request(method, path.format(**filled), headers=headers, **options)
    response = world.client.send(request, stream=row.streams)
    if row.streams and response.is_error:
        response.read()
    response.close()
    return response


def credential(world: World, row: Row, actor: str) -> dict[str, str]:
    uses_it_up = "session" in row.fresh and actor in ROLES
    return world.sign_in(world.names[actor]) if uses_it_up else world.credentials[actor]


def verdict(response: httpx.Response) -> str:
    return f"{response.status_code} {response.text[:200] if response.is_error else ''}"


def test_every_operation_has_a_row(described: set[tuple[str, str]]) -> None:
    assert described - TABLE.keys() == set(), "write who may do it into permission_table.py"
    assert TABLE.keys() - described == set(), "these are no more"


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_in_the_own_workspace_each_may_do_what_the_table_says(own: World, operation: tuple[str, str]) -> None:
    row, wrong = TABLE[operation], {}
    for actor in ACTORS:
        may = allowed(row, actor)
        things = dict(own.things)
        for thing in row.fresh if may else ():
            things |= own.fresh(thing, actor)
        response = ask(own, operation, credential(own, row, actor), things)
        if response.status_code != (row.ok if may else refusal(row, actor)):
            wrong[actor] = verdict(response)
        if may and "membership" in row.fresh:
            own.names[actor], _, own.credentials[actor] = own.join(actor)
    assert wrong == {}


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_a_foreign_workspace_is_not_found_by_its_header(own: World, foreign: World, operation: tuple[str, str]) -> None:
    row, wrong = TABLE[operation], {}
    in_path = "{workspace_ulid}" in operation[1]
    for actor in ACTORS:
        headers = {**credential(own, row, actor), "Sentinela-Workspace": foreign.things["workspace_ulid"]}
        things = {**own.things, **({"workspace_ulid": foreign.things["workspace_ulid"]} if in_path else {})}
        response = ask(own, operation, headers, things)
        ignores = not row.takes_workspace or (actor == "anonymous" and row.needs == "nothing")
        expected = 404 if actor != "anonymous" else 401
        if ignores:
            expected = row.ok if allowed(row, actor) else refusal(row, actor)
        if response.status_code != expected:
            wrong[actor] = verdict(response)
    assert wrong == {}


def foreign_things(own: World, foreign: World, row: Row, path: str) -> Iterator[dict[str, str]]:
    """The identifiers to call with: one at a time is the other workspace's."""
    named = set(re.findall(r"{(\w+)}", f"{path} {row.params} {row.body}"))
    shared = {"key", "name", "new_name", "username", "password"}
    for name in sorted(named & foreign.things.keys() - shared):
        yield {**own.things, name: foreign.things[name]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_the_things_of_a_foreign_workspace_are_not_found(
    own: World, foreign: World, operation: tuple[str, str]
) -> None:
    row, wrong = TABLE[operation], {}
    for things in foreign_things(own, foreign, row, operation[1]):
        for actor in ACTORS:
            response = ask(own, operation, credential(own, row, actor), things)
            is_workspace = things["workspace_ulid"] != own.things["workspace_ulid"]
            expected = 404 if allowed(row, actor) or (is_workspace and actor != "anonymous") else refusal(row, actor)
            if response.status_code != expected:
                wrong[actor] = verdict(response)
    assert wrong == {}


def test_what_runs_the_installation_is_for_its_administrator(client: httpx.Client, admin: dict[str, str]) -> None:
    name = unique("ana")
    client.post("/auth/register", json={"username": name, "password": PASSWORD}).raise_for_status()
    assert client.get("/users", headers=admin).status_code == 200
    assert client.post("/users/reset", json={"username": name}, headers=admin).status_code == 201
