"""Paths: with and without a trailing slash alike, a front door, and pages apart from the API."""

from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import log_in, post, stamp, unique
from tests.contract.problems import assert_problem

READABLE = [
    "/livez", "/readyz", "/docs", "/redoc", "/openapi.json", "/ui", "/auth/me", "/servers", "/servers/{ulid}", "/keys",
    "/data", "/data?aggregation=hour", "/health/all", "/health/{ulid}",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(client: httpx.Client, user: User, new_server: NewServer) -> Server:
    """The only server there is, with one reading: another that fell silent, or a second arrival, would change
    /health between two looks at it.
    """
    made = new_server(user)
    post(client, made, timestamp=stamp(), temperature=1)
    return made


def with_slash(path: str) -> str:
    head, mark, query = path.partition("?")
    return f"{head}/{mark}{query}"


@pytest.mark.parametrize("path", READABLE)
def test_a_trailing_slash_makes_no_difference(client: httpx.Client, user: User, server: Server, path: str) -> None:
    path = path.format(ulid=server.ulid)
    without = client.get(path, headers=user.headers, follow_redirects=False)
    with_it = client.get(with_slash(path), headers=user.headers, follow_redirects=False)
    assert without.status_code == with_it.status_code == 200
    assert without.content == with_it.content


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_makes_no_difference_to_a_post(
    client: httpx.Client, user: User, server: Server, slash: str
) -> None:
    bodies: dict[str, tuple[Any, int]] = {
        "/auth/register": ({"username": unique("ana"), "password": "12345678"}, 201),
        "/auth/login": ({"username": user.username, "password": user.password}, 200),
        "/servers": ({"server_name": unique("a")}, 201),
        "/data": ({"server_ulid": server.ulid, "temperature": 1}, 201),
        "/cache/set": ({"key": "a", "value": "b"}, 200),
        "/keys": ({"name": "a"}, 201),
    }
    for path, (body, status) in bodies.items():
        response = client.post(path + slash, json=body, headers=user.headers, follow_redirects=False)
        assert response.status_code == status, path


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_makes_no_difference_to_other_methods(
    client: httpx.Client, user: User, server: Server, slash: str
) -> None:
    key = client.post("/keys", json={"name": "a"}, headers=user.headers).json()
    body = {"offline_after_seconds": 60}
    assert client.patch(f"/servers/{server.ulid}{slash}", json=body, headers=user.headers).status_code == 200
    assert client.delete(f"/keys/{key['key_id']}{slash}", headers=user.headers).status_code == 204
    session = log_in(client, user.username, user.password).json()
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    refreshed = client.post(f"/auth/refresh{slash}", json={"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 200
    assert client.post(f"/auth/logout{slash}", headers=headers).status_code in (200, 204)


def test_errors_are_alike_with_and_without_a_slash(client: httpx.Client, user: User) -> None:
    for slash in ("", "/"):
        assert_problem(client.get(f"/nowhere{slash}"), 404)
        assert_problem(client.get(f"/data{slash}"), 401)
        assert_problem(client.put(f"/data{slash}", headers=user.headers), 405)


def test_the_front_door_leads_to_the_pages(client: httpx.Client) -> None:
    response = client.get("/", follow_redirects=False)
    assert response.status_code in (302, 303, 307, 308)
    assert urljoin(str(response.url), response.headers["Location"]).endswith("/ui/")


def test_the_page_links_to_the_documentation(client: httpx.Client) -> None:
    response = client.get("/ui/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert 'href="/docs"' in response.text
    assert 'href="/redoc"' in response.text


def test_no_api_path_begins_with_the_pages_prefix(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert paths
    assert not [path for path in paths if path.startswith("/ui")]
