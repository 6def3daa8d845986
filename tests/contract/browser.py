"""A browser that is signed in: keeps its cookie, and sends what its pages send."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.conftest import User
from tests.contract.alone import Alone
from tests.system import System


@contextmanager
def signed_in(at: System | Alone, user: User) -> Iterator[httpx.Client]:
    """A client whose only credential is the cookie; its requests carry the CSRF token."""
    with httpx.Client(base_url=at.url, timeout=30, trust_env=False) as browser:
        answer = sign_in(browser, user)
        assert answer.status_code == 200, answer.text
        browser.headers["Sentinela-CSRF"] = answer.json()["csrf_token"]
        yield browser


def sign_in(browser: httpx.Client, user: User, **headers: str) -> httpx.Response:
    credentials = {"username": user.username, "password": user.password}
    return browser.post("/auth/session", json=credentials, headers=headers)
