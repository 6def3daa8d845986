"""Where Redis and the mail server are, as settings name them."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from redis import Redis

from app.core.mail import of_installation
from app.core.redis_address import url_with_password
from app.core.settings import Settings


@pytest.mark.parametrize("url", ["redis://host:6379/1", "redis://:old@host:6379/1", "redis://@host:6379/1"])
@pytest.mark.parametrize("password", ["plain", "a/b@c:d#e?f%20", "ção"])
def test_any_password_of_a_file_reaches_redis_as_it_is(tmp_path: Path, url: str, password: str) -> None:
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    with Redis.from_url(url_with_password(url, file)) as client:
        known = client.connection_pool.connection_kwargs
    assert (known["host"], known["port"], known["db"], known["password"]) == ("host", 6379, 1, password)


def test_the_user_of_the_address_stays(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    with Redis.from_url(url_with_password("rediss://sentinela@host:6380", file)) as client:
        known = client.connection_pool.connection_kwargs
    assert (known["username"], known["password"]) == ("sentinela", "secret")


@pytest.mark.parametrize("url", ["smtp://host:port", "smtp://host:99999", "smtp://host:0", "smtp://:25", "smtp://[::1"])
def test_a_mail_server_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="SMTP_URL must look like"):
        Settings(smtp_url=url, mail_from="a@example.com")


def test_a_mail_server_at_any_address_is_found() -> None:
    for url, host, port in (("smtp://[::1]:25", "::1", 25), ("smtps://u:p@mail.example", "mail.example", 465)):
        server = of_installation(Settings(smtp_url=url, mail_from="a@example.com"))
        assert (server.host, server.port) == (host, port)
