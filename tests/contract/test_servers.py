"""Servers: registering, listing, renaming, and the device key that is shown once."""

import re
from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.burst import burst, json_request
from tests.contract.calls import Row, moment, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
NOT_A_NAME: list[Any] = ["", "   ", "\t\n", 7, 1.5, True, None, [], ["a"], {"a": 1}]


def create(client: httpx.Client, user: User, **body: Any) -> httpx.Response:
    return client.post("/servers", json=body, headers=user.headers)


def change(client: httpx.Client, user: User, server: Server, **body: Any) -> httpx.Response:
    return client.patch(f"/servers/{server.ulid}", json=body, headers=user.headers)


def listed(client: httpx.Client, user: User, **filters: str) -> list[Row]:
    response = client.get("/servers", params=filters, headers=user.headers)
    assert response.status_code == 200
    rows: list[Row] = response.json()
    return rows


@pytest.mark.parametrize("field", ["server_name", "name"])
def test_a_server_is_registered_by_either_name_of_the_field(client: httpx.Client, user: User, field: str) -> None:
    name = unique("oven")
    response = create(client, user, **{field: name})
    assert response.status_code == 201
    body = response.json()
    assert body["server_name"] == name
    assert ULID.fullmatch(body["server_ulid"])
    assert body["device_key"].startswith("snt_d_")
    moment(body["created_at"])


@pytest.mark.parametrize("name", NOT_A_NAME)
def test_a_blank_name_or_one_that_is_no_text_is_refused(client: httpx.Client, user: User, name: Any) -> None:
    before = listed(client, user)
    assert_refused(create(client, user, server_name=name), "server_name")
    assert listed(client, user) == before


def test_a_server_needs_a_name(client: httpx.Client, user: User) -> None:
    assert_refused(create(client, user))


def test_an_unknown_field_of_a_server_is_named(client: httpx.Client, user: User) -> None:
    name = unique("oven")
    assert_refused(create(client, user, server_name=name, colour="red"), "colour")
    assert listed(client, user, name=name) == []


def test_a_name_is_taken_once_in_a_workspace(client: httpx.Client, user: User) -> None:
    name = unique("oven")
    assert create(client, user, server_name=name).status_code == 201
    assert_problem(create(client, user, server_name=name), 409)
    assert_problem(create(client, user, name=f"  {name} "), 409)
    assert len(listed(client, user, name=name)) == 1


def test_of_twelve_racing_servers_of_one_name_one_is_made(client: httpx.Client, system: System, user: User) -> None:
    name = unique("race")
    request = json_request("/servers", {"server_name": name}, user.headers)
    answers = burst(system.url, [[request]] * 12)
    assert sorted(answer.status for lane in answers for answer in lane) == [201] + [409] * 11
    assert len(listed(client, user, name=name)) == 1


def test_the_same_name_is_free_in_another_workspace(client: httpx.Client, server: Server, stranger: User) -> None:
    assert create(client, stranger, server_name=server.name).status_code == 201


def test_servers_are_listed_by_name(client: httpx.Client, newcomer: User) -> None:
    for name in ("beta", "gamma", "alpha"):
        create(client, newcomer, server_name=name)
    rows = listed(client, newcomer)
    assert [row["server_name"] for row in rows] == ["alpha", "beta", "gamma"]
    assert set(rows[0]) >= {"server_ulid", "server_name", "offline_after_seconds", "created_at"}


@pytest.mark.parametrize("path", ["/servers", "/fleet"])
def test_a_page_may_end_at_any_name(client: httpx.Client, newcomer: User, path: str) -> None:
    names = ["a\u00a0b", "b\U0001f469\u200d\U0001f527", "c\u3000", "d'\"\\", "\U0001f600" * 200]
    for name in names:
        client.post("/servers", json={"server_name": name}, headers=newcomer.headers).raise_for_status()
    seen, url = [], f"{path}?limit=1"
    while url:
        answer = client.get(url, headers=newcomer.headers)
        assert answer.status_code == 200, answer.text
        rows = answer.json()
        seen += [row["server_name"] for row in (rows if path == "/servers" else rows["servers"])]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [name.strip() for name in names]


def test_the_list_can_be_asked_for_one_name(client: httpx.Client, user: User, new_server: NewServer) -> None:
    wanted, _ = new_server(user), new_server(user)
    assert [row["server_ulid"] for row in listed(client, user, name=wanted.name)] == [wanted.ulid]
    assert listed(client, user, name=unique("absent")) == []


def test_a_server_is_shown_by_its_ulid(client: httpx.Client, user: User, server: Server) -> None:
    row = client.get(f"/servers/{server.ulid}", headers=user.headers).json()
    assert row["server_name"] == server.name
    assert row["offline_after_seconds"] in (None, 10), "no limit of its own, or the default"


def test_a_device_key_is_shown_this_once(client: httpx.Client, user: User, server: Server) -> None:
    for path in ("/servers", f"/servers/{server.ulid}", "/keys", "/health/all", "/auth/me"):
        text = client.get(path, headers=user.headers).text
        assert server.device_key not in text
        assert "device_key" not in text


def test_an_unknown_ulid_is_not_found(client: httpx.Client, user: User) -> None:
    for ulid in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"):
        assert_problem(client.get(f"/servers/{ulid}", headers=user.headers), 404)


def test_name_and_limit_can_be_changed(client: httpx.Client, user: User, server: Server) -> None:
    name = unique("renamed")
    renamed = change(client, user, server, server_name=name)
    assert renamed.status_code == 200
    assert renamed.json()["server_name"] == name
    slower = change(client, user, server, offline_after_seconds=300)
    assert slower.json()["offline_after_seconds"] == 300
    row = client.get(f"/servers/{server.ulid}", headers=user.headers).json()
    assert (row["server_name"], row["offline_after_seconds"]) == (name, 300)


def test_renaming_to_a_taken_name_is_a_conflict(client: httpx.Client, user: User, new_server: NewServer) -> None:
    first, second = new_server(user), new_server(user)
    assert_problem(change(client, user, second, server_name=first.name), 409)
    assert change(client, user, second, server_name=second.name).status_code == 200, "its own name is no other's"


@pytest.mark.parametrize("limit", ["0", "-1", '"soon"', "1e400", "true", "[]", "1" + "0" * 30])
def test_a_limit_that_is_no_positive_number_is_refused(
    client: httpx.Client, user: User, server: Server, limit: str
) -> None:
    content = f'{{"offline_after_seconds": {limit}}}'
    headers = {**user.headers, "Content-Type": "application/json"}
    before = client.get(f"/servers/{server.ulid}", headers=user.headers).json()
    response = client.patch(f"/servers/{server.ulid}", content=content, headers=headers)
    assert_problem(response, 422)
    assert client.get(f"/servers/{server.ulid}", headers=user.headers).json() == before


@pytest.mark.parametrize("name", NOT_A_NAME[:5])
def test_a_server_cannot_be_renamed_to_nothing(client: httpx.Client, user: User, server: Server, name: Any) -> None:
    assert_refused(change(client, user, server, server_name=name), "server_name")


def test_an_unknown_field_of_a_change_is_named(client: httpx.Client, user: User, server: Server) -> None:
    assert_refused(change(client, user, server, colour="red"), "colour")


def test_a_server_is_described_by_tags_interval_and_retention(client: httpx.Client, user: User) -> None:
    described = {"tags": {"site": "Lisboa", "andar": "3º"}, "interval_seconds": 0.1, "retention_days": 90}
    made = create(client, user, server_name=unique("oven"), **described)
    assert made.status_code == 201
    path = f"/servers/{made.json()['server_ulid']}"
    row = client.get(path, headers=user.headers).json()
    assert {name: row[name] for name in described} == described
    changed = client.patch(path, json={"tags": None, "interval_seconds": None}, headers=user.headers).json()
    assert (changed["tags"], changed["interval_seconds"], changed["retention_days"]) == ({}, None, 90)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tags", {"a:b": "x"}), ("tags", {"": "x"}), ("tags", {"site": ""}), ("tags", {"site": 3}), ("tags", ["a"]),
        ("tags", {f"t{number}": "x" for number in range(33)}), ("tags", {"site": "x" * 201}),
        ("interval_seconds", 0), ("interval_seconds", True), ("interval_seconds", 1e9), ("retention_days", 0),
    ],
)  # fmt: skip
def test_a_description_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, user: User, server: Server, field: str, value: Any
) -> None:
    assert_refused(create(client, user, server_name=unique("oven"), **{field: value}), field)
    assert_refused(change(client, user, server, **{field: value}), field)
