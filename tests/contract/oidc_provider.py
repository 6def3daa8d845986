"""A real OpenID Connect provider (`oidc-provider-mock`) as a process of its own, and people who sign in by it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.conftest import User
from tests.contract.alone import Alone
from tests.contract.calls import unique
from tests.system import System, free_port

READY_WITHIN = 25.0
NAME = "Acme ID"


class Provider:
    """One provider; clients register before they ask it, and send a nonce."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._output = (folder / "provider.log").open("wb")
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, "--require-registration", "true", "--require-nonce", "true"],
            env=os.environ | {"NO_COLOR": "1"},
            stdout=self._output,
            stderr=self._output,
        )
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self._until_ready()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                self.http.get("/.well-known/openid-configuration").raise_for_status()
                return
            except httpx.TransportError:
                assert self.process.poll() is None, "the provider ended"
                assert time.monotonic() < deadline, "the provider did not get ready"
                time.sleep(0.05)

    def register(self, public_url: str) -> dict[str, str]:
        """The settings of an installation at this address, which the provider knows from now on."""
        body = {"redirect_uris": [f"{public_url}/auth/oidc/callback"]}
        client = self.http.post("/oauth2/clients", json=body).raise_for_status().json()
        return {
            "PUBLIC_URL": public_url,
            "OIDC_ISSUER": self.url,
            "OIDC_CLIENT_ID": client["client_id"],
            "OIDC_CLIENT_SECRET": client["client_secret"],
            "OIDC_NAME": NAME,
        }

    def person(self, **claims: object) -> str:
        """Somebody whom it knows; their subject."""
        subject = unique("subject")
        self.http.put(f"/users/{subject}", json=claims).raise_for_status()
        return subject

    def consent(self, authorization_url: str, subject: str) -> str:
        """The person signs in there and agrees; where the browser is sent back to."""
        answer = self.http.post(authorization_url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(10)
        self._output.close()


def installation(folder: Path, system: System, provider: Provider, **settings: str) -> Alone:
    """An API process beside the running system that people sign in to by the provider."""
    port = free_port()
    known = provider.register(f"http://127.0.0.1:{port}")
    return Alone(folder, port=port, **shared(system), **known, **settings).until_ready()


def shared(system: System) -> dict[str, str]:
    """What makes a process one of the running system."""
    return {"DATA_DIR": str(system.data_dir), "DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url}


def begin(browser: httpx.Client, **body: str) -> str:
    """Press the button; the provider's address."""
    return str(browser.post("/auth/oidc", json=body).raise_for_status().json()["authorization_url"])


def begin_to_connect(browser: httpx.Client, user: User) -> str:
    """A signed-in person asks to connect their account; the provider's address."""
    answer = browser.post("/auth/me/identities", json={"password": user.password})
    return str(answer.raise_for_status().json()["authorization_url"])


def connect(browser: httpx.Client, provider: Provider, user: User, subject: str) -> httpx.Response:
    """All of it; the answer to the page's last word."""
    back = browser.get(provider.consent(begin_to_connect(browser, user), subject))
    assert (back.status_code, back.headers["location"]) == (303, "/ui/profile?connect=proved")
    return browser.post("/auth/me/identities/confirm")


def sign_in(browser: httpx.Client, provider: Provider, subject: str, **body: str) -> httpx.Response:
    """All of it; the answer to coming back."""
    return browser.get(provider.consent(begin(browser, **body), subject))
