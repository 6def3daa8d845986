"""An authenticator, as a phone is one: it has the secret and tells codes."""

import time
from dataclasses import dataclass, field

import httpx
import pyotp

from tests.conftest import User
from tests.contract.calls import Row

MARGIN_SECONDS = 3.0


@dataclass
class Authenticator:
    """Each code that it tells is of a later time step than the one before: a code serves once."""

    secret: str
    recovery_codes: list[str] = field(default_factory=list)
    _told: int = 0

    def code(self) -> str:
        """A code that is valid now; three may be asked for within the same half minute."""
        # The earliest code must not run out on its way.
        if (left := 30 - time.time() % 30) < MARGIN_SECONDS:
            time.sleep(left)
        present = int(time.time()) // 30
        self._told = max(self._told + 1, present - 1)
        # A test that is fast has asked for the future: only the next step is taken already.
        while self._told > int(time.time()) // 30 + 1:
            time.sleep(0.2)
        return pyotp.TOTP(self.secret).generate_otp(self._told)

    def wrong(self) -> str:
        """Six digits that are no code now or in the next minutes."""
        present, totp = int(time.time()) // 30, pyotp.TOTP(self.secret)
        near = {totp.generate_otp(present + step) for step in range(-5, 6)}
        return next(code for code in (f"{number:06}" for number in range(20)) if code not in near)


def begin(client: httpx.Client, user: User) -> Row:
    answer = client.post("/auth/totp", json={"password": user.password}, headers=user.headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    enrolment: Row = answer.json()
    return enrolment


def turn_on(client: httpx.Client, user: User) -> Authenticator:
    """Let this user sign in with a code from now on."""
    device = Authenticator(begin(client, user)["secret"])
    answer = client.post("/auth/totp/confirm", json={"totp": device.code()}, headers=user.headers)
    assert answer.status_code == 200, answer.text
    device.recovery_codes = answer.json()["recovery_codes"]
    return device


def log_in_with(client: httpx.Client, user: User, code: str | None) -> httpx.Response:
    return client.post("/auth/login", json={"username": user.username, "password": user.password, "totp": code})
