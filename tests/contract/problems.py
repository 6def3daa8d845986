"""The one shape of every error, as contract tests ask for it."""

from typing import Any

import httpx


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The error's body, after checking that it is a whole RFC 9457 problem with this status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].split(";")[0] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    for field in ("type", "title", "detail", "request_id"):
        assert isinstance(body[field], str), f"{field} is no text: {body}"
        assert body[field], f"{field} is empty: {body}"
    assert not body["detail"].startswith(("[", "{")), "the detail is for people, not a dump"
    assert body["request_id"] == response.headers["X-Request-ID"]
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if status == 422:
        assert_errors(body)
    return body


def assert_errors(body: dict[str, Any]) -> None:
    """Bad input is told item by item: where, what, and which kind."""
    assert body["errors"], body
    for error in body["errors"]:
        assert isinstance(error["loc"], list), error
        assert isinstance(error["msg"], str), error
        assert error["msg"], error
        assert isinstance(error["type"], str), error


def assert_refused(response: httpx.Response, *fields: str) -> dict[str, Any]:
    """A 422 whose errors name every one of `fields`."""
    body = assert_problem(response, 422)
    named = {str(part) for error in body["errors"] for part in error["loc"]}
    assert named.issuperset(fields), f"{fields} not all named in {body['errors']}"
    return body
