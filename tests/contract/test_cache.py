"""POST /cache/set and GET /cache/get: any key, the exact value, and no way out of the own workspace."""

import time
from typing import Any

import httpx
import pytest

from tests.conftest import User
from tests.contract.calls import unique
from tests.contract.problems import assert_problem, assert_refused

KEYS = [
    "plain", "a/b/c", "a b", " around ", "100%", "%2F", "%", "a%20b", "trailing/", "/leading", "a//b", "//", ".", "..",
    "../../etc", "./a", "q?x=1&y=2#z", "ключ/çé/日本", "🙂", "a:b:c", "*", "[a-z]", "a+b", "new\nline",
    "tab\t", "nul\x00", "\x7f", "'; DROP TABLE reading; --", "{key}", "\\", "~", "k" * 500, "sentinela:cache", "all",
]  # fmt: skip


def escaped(key: str) -> str:
    """The path of a key with every byte escaped, so that nothing on the way tidies it up."""
    return "/cache/get/" + "".join(f"%{byte:02X}" for byte in key.encode())


def put(client: httpx.Client, user: User, key: Any, value: Any, **more: Any) -> httpx.Response:
    return client.post("/cache/set", json={"key": key, "value": value, **more}, headers=user.headers)


def get(client: httpx.Client, user: User, key: str) -> httpx.Response:
    return client.get(escaped(key), headers=user.headers)


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_a_key_may_hold_any_character(client: httpx.Client, user: User, key: str) -> None:
    value = unique("value")
    response = put(client, user, key, value)
    assert response.status_code == 200
    assert response.json()["key"] == key
    found = get(client, user, key)
    assert found.status_code == 200
    assert found.json() == {"key": key, "value": value}


def test_keys_that_look_alike_are_different_keys(client: httpx.Client, user: User) -> None:
    for key in KEYS:
        assert put(client, user, key, f"value of {key}").status_code == 200
    for key in KEYS:
        assert get(client, user, key).json() == {"key": key, "value": f"value of {key}"}


def test_a_slash_in_the_path_needs_no_escape(client: httpx.Client, user: User) -> None:
    put(client, user, "room/7/limit", "21")
    assert client.get("/cache/get/room/7/limit", headers=user.headers).json()["value"] == "21"


def test_setting_tells_the_key_and_when_it_ends(client: httpx.Client, user: User) -> None:
    body = put(client, user, "a", "1").json()
    assert body["key"] == "a"
    assert body["expires_in"] == 3600
    assert isinstance(body["message"], str)
    assert body["message"]
    assert put(client, user, "a", "1", ttl=60).json()["expires_in"] == 60


def test_key_and_value_may_stand_in_the_query(client: httpx.Client, user: User) -> None:
    params = {"key": "a/b c&d", "value": "x=1&y=é+%"}
    response = client.post("/cache/set", params=params, headers=user.headers)
    assert response.status_code == 200
    assert response.json()["expires_in"] == 3600
    assert get(client, user, params["key"]).json() == params


def test_a_ttl_may_stand_in_the_query_too(client: httpx.Client, user: User) -> None:
    params = {"key": "a", "value": "b", "ttl": "7"}
    assert client.post("/cache/set", params=params, headers=user.headers).json()["expires_in"] == 7


@pytest.mark.parametrize(
    "value", ["", " ", "0", "null", '"quoted"', "çé🙂", "a\x00b", "line\nbreak", "%00", "x" * 65_536]
)
def test_a_value_comes_back_exactly_as_set(client: httpx.Client, user: User, value: str) -> None:
    assert put(client, user, "exact", value).status_code == 200
    assert get(client, user, "exact").json() == {"key": "exact", "value": value}


@pytest.mark.parametrize("value", [7, 0.1, True, None, [1, "a", None], {"a": {"b": [1.5]}}, 2**63, {}])
def test_a_value_of_another_type_is_kept_exactly_or_refused(client: httpx.Client, user: User, value: Any) -> None:
    key = unique("typed")
    response = put(client, user, key, value)
    if response.status_code == 200:
        found = get(client, user, key).json()["value"]
        assert found == value
        assert type(found) is type(value)
    else:
        assert_refused(response, "value")
        assert_problem(get(client, user, key), 404)


def test_a_later_value_replaces_the_earlier_one(client: httpx.Client, user: User) -> None:
    for value in ("first", "second"):
        put(client, user, "a", value)
        assert get(client, user, "a").json()["value"] == value


def test_an_absent_key_is_not_found(client: httpx.Client, user: User) -> None:
    assert_problem(get(client, user, "absent"), 404)


def test_a_value_expires(client: httpx.Client, user: User) -> None:
    put(client, user, "short", "1", ttl=1)
    put(client, user, "long", "1", ttl=30)
    assert get(client, user, "short").status_code == 200
    time.sleep(1.3)
    assert_problem(get(client, user, "short"), 404)
    assert get(client, user, "long").status_code == 200


@pytest.mark.parametrize("ttl", [0, -1, "soon", 1.5, True, 10**20, []])
def test_a_ttl_that_is_no_positive_number_of_seconds_is_refused(client: httpx.Client, user: User, ttl: Any) -> None:
    key = unique("key")
    assert_refused(put(client, user, key, "1", ttl=ttl), "ttl")
    assert_problem(get(client, user, key), 404)


def test_a_value_past_64_kib_is_refused(client: httpx.Client, user: User) -> None:
    for value in ("x" * 65_537, "é" * 32_769):
        response = put(client, user, "big", value)
        assert response.status_code in (413, 422)
        assert_problem(response, response.status_code)
    assert_problem(get(client, user, "big"), 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"value": "1"}, "key"), ({"key": "a"}, "value"), ({"key": "", "value": "1"}, "key"),
     ({"key": 7, "value": "1"}, "key"),
     ({"key": None, "value": "1"}, "key"), ({"key": "a", "value": "1", "colour": "red"}, "colour")],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(client: httpx.Client, user: User, body: dict[str, Any], field: str) -> None:
    assert_refused(client.post("/cache/set", json=body, headers=user.headers), field)


def test_workspaces_do_not_see_each_others_keys(client: httpx.Client, user: User, stranger: User) -> None:
    key = unique("shared")
    put(client, user, key, "mine")
    assert_problem(get(client, stranger, key), 404)
    put(client, stranger, key, "theirs")
    assert get(client, user, key).json()["value"] == "mine"
    assert get(client, stranger, key).json()["value"] == "theirs"


def test_the_applications_own_keys_are_out_of_reach(client: httpx.Client, user: User) -> None:
    names = [
        "_kombu.binding.default",
        "_kombu.binding.celery",
        "unacked",
        "default",
        "bulk",
        "notify",
        "celery",
    ]
    for name in names:
        for climb in ("", "../", ":", "../../", "\x00", "*"):
            assert_problem(get(client, user, climb + name), 404)
