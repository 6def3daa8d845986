"""A workspace of one's own for each test of a command."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

NewKey = Callable[[], str]


@pytest.fixture(scope="session")
def new_key(client: httpx.Client, new_user: Callable[[], Any]) -> NewKey:
    """A function that returns an administrator's key of a new workspace, which holds nothing."""

    def make() -> str:
        body = {"name": "first", "scopes": ["admin"]}
        response = client.post("/keys", headers=new_user().headers, json=body)
        assert response.status_code == 201, response.text
        return str(response.json()["key"])

    return make


@pytest.fixture
def key(new_key: NewKey) -> str:
    """An administrator's key of a new workspace."""
    return new_key()
