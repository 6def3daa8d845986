"""What is under way at the provider: sealed, for a while, and of one kind."""

from datetime import datetime

import pytest

from app.auth import handshakes
from app.auth.handshakes import Connecting, Proved, Sealed, SignIn
from app.core.clock import now

KEY = "a key that is long enough for HS256: 32 bytes"
KINDS: list[Sealed] = [
    SignIn(to="/alerts", invitation="snt_i_x"),
    Connecting(account="mark"),
    Proved(issuer="https://id.example.com", subject="1", account="mark"),
]


@pytest.mark.parametrize("sealed", KINDS)
def test_each_kind_comes_back_as_it_was_and_as_no_other(sealed: Sealed) -> None:
    value = sealed.seal(KEY)
    for kind in (SignIn, Connecting, Proved):
        assert handshakes.unseal(KEY, value, kind) == (sealed if isinstance(sealed, kind) else None)
    assert handshakes.unseal(KEY + "!", value, type(sealed)) is None


@pytest.mark.parametrize("sealed", KINDS)
def test_each_kind_serves_for_its_time(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    def long_ago() -> datetime:
        return now() - sealed.LIFETIME

    monkeypatch.setattr(handshakes, "now", long_ago)
    assert handshakes.unseal(KEY, sealed.seal(KEY), type(sealed)) is None


def test_a_mark_is_of_one_account_one_session_one_password_and_one_key() -> None:
    one = handshakes.mark(KEY, "user", "session", "hash")
    others = [
        handshakes.mark(KEY, "another", "session", "hash"),
        handshakes.mark(KEY, "user", "another", "hash"),
        handshakes.mark(KEY, "user", "session", "another"),
        handshakes.mark(KEY + "!", "user", "session", "hash"),
    ]
    assert len({one, *others}) == 5
