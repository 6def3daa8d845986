"""Mails: an invitation and a forgotten password reach whom they are for, and nobody learns who has an account."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.alone import Alone
from tests.contract.calls import log_in, register, unique
from tests.contract.mailbox import Mailbox
from tests.system import System, free_port

PUBLIC = "https://sentinela.example.com"
NEW = "amber-heron-17"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    opened = Mailbox()
    yield opened
    opened.close()


def settings(system: System, smtp_url: str) -> dict[str, str]:
    return {
        "DATA_DIR": str(system.data_dir), "DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url,
        "PUBLIC_URL": PUBLIC, "SMTP_URL": smtp_url, "MAIL_FROM": "Sentinela <sentinela@example.com>",
    }  # fmt: skip


@pytest.fixture(scope="module")
def mailing(system: System, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of an API process that mails."""
    api = Alone(tmp_path_factory.mktemp("mailing"), **settings(system, mailbox.url)).until_ready()
    with api.client() as client:
        yield client
    api.stop()


@pytest.fixture
def person(client: httpx.Client, new_user: NewUser) -> User:
    """Somebody with an address."""
    user = new_user()
    body = {"email": f"{user.username}@example.com"}
    client.patch("/auth/me", json=body, headers=user.headers).raise_for_status()
    return user


def token_of(text: str, page: str) -> str:
    found = re.search(rf"{re.escape(PUBLIC)}/ui/{page}#(\S+)", text)
    assert found, text
    return found[1]


def test_a_forgotten_password_is_chosen_anew_by_a_mailed_link(
    mailing: httpx.Client, mailbox: Mailbox, person: User
) -> None:
    assert mailing.post("/auth/reset", json={"username": f" {person.username.upper()} "}).status_code == 202
    mail = mailbox.next()
    assert mail["To"] == f"{person.username}@example.com"
    assert mail["From"] == "Sentinela <sentinela@example.com>"
    body = {"token": token_of(mail.get_content(), "reset"), "new_password": NEW}
    assert mailing.post("/auth/reset/confirm", json=body).status_code == 204
    assert log_in(mailing, person.username, NEW).status_code == 200


def test_who_has_no_account_or_no_address_gets_the_same_answer_and_no_mail(
    mailing: httpx.Client, mailbox: Mailbox, user: User, person: User
) -> None:
    names = (unique("nobody"), user.username, person.username)
    answers = [mailing.post("/auth/reset", json={"username": name}) for name in names]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert mailbox.next()["To"] == f"{person.username}@example.com"
    assert mailbox.is_empty()


def test_nobody_is_flooded_with_mails(mailing: httpx.Client, mailbox: Mailbox, person: User) -> None:
    statuses = [mailing.post("/auth/reset", json={"username": person.username}).status_code for _ in range(11)]
    assert statuses == [202] * 10 + [429]
    for _ in range(10):
        mailbox.next()


def test_an_invitation_is_mailed(mailing: httpx.Client, mailbox: Mailbox, person: User) -> None:
    (own,) = mailing.get("/auth/me", headers=person.headers).json()["workspaces"]
    body = {"role": "operator", "email": "bruno@example.com"}
    path = f"/workspaces/{own['workspace_ulid']}/invitations"
    made = mailing.post(path, json=body, headers=person.headers).json()
    assert made["mailed"] is True
    mail = mailbox.next()
    assert mail["To"] == "bruno@example.com"
    assert person.username in mail.get_content()
    token = token_of(mail.get_content(), "invitation")
    assert register(mailing, unique("bruno"), NEW, invitation=token).status_code == 201


def test_a_mail_server_that_is_away_harms_nobody(
    system: System, tmp_path_factory: pytest.TempPathFactory, person: User
) -> None:
    api = Alone(tmp_path_factory.mktemp("away"), **settings(system, f"smtp://127.0.0.1:{free_port()}")).until_ready()
    try:
        with api.client() as client:
            assert client.post("/auth/reset", json={"username": person.username}).status_code == 202
            assert client.get("/auth/me", headers=person.headers).status_code == 200
        assert "snt_p_" not in api.printed()
    finally:
        api.stop()
