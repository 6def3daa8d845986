"""How a command finds its system, and what it says when it cannot."""

import json
import socket
from pathlib import Path

import httpx
import pytest

from app.cli.client import Connection, Unavailable, find_connection, open_api, refusal
from app.cli.console import CommandFailed

HERE = Connection("http://127.0.0.1:1", "snt_k_x")


@pytest.fixture(autouse=True)
def no_system_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTINELA_URL", raising=False)
    monkeypatch.delenv("SENTINELA_KEY", raising=False)


def leave_key(folder: Path, url: str = "http://127.0.0.1:8000") -> None:
    (folder / "cli.json").write_text(json.dumps({"url": url, "key": "snt_k_local"}))


def test_the_key_that_up_left_is_found_in_the_data_folder(tmp_path: Path) -> None:
    leave_key(tmp_path)
    assert find_connection(tmp_path) == Connection("http://127.0.0.1:8000", "snt_k_local")


def test_the_environment_wins_over_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_key(tmp_path)
    monkeypatch.setenv("SENTINELA_URL", "https://sensors.example.org/")
    monkeypatch.setenv("SENTINELA_KEY", "snt_k_other")
    assert find_connection(tmp_path) == Connection("https://sensors.example.org", "snt_k_other")


def test_a_key_alone_is_used_with_the_local_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_key(tmp_path)
    monkeypatch.setenv("SENTINELA_KEY", "snt_k_other")
    assert find_connection(tmp_path) == Connection("http://127.0.0.1:8000", "snt_k_other")


def test_the_local_key_is_never_sent_to_another_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_key(tmp_path)
    monkeypatch.setenv("SENTINELA_URL", "https://sensors.example.org")
    with pytest.raises(CommandFailed, match="SENTINELA_KEY is not"):
        find_connection(tmp_path)


def test_without_a_system_the_message_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"cli\.json does not exist.*sentinela up"):
        find_connection(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"url": "http://x"}', "not json"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "cli.json").write_text(content)
    with pytest.raises(CommandFailed, match=r"cli\.json is damaged"):
        find_connection(tmp_path)


@pytest.mark.parametrize("url", ["sensors", "ftp://host", "http://", "http://[::1", "http://host:99999"])
def test_what_is_no_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINELA_URL", url)
    monkeypatch.setenv("SENTINELA_KEY", "snt_k_x")
    with pytest.raises(CommandFailed, match="is not an address"):
        find_connection()


@pytest.mark.parametrize("key", ["chave-é", "two\nlines"])
def test_a_key_that_no_header_can_carry_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINELA_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("SENTINELA_KEY", key)
    with pytest.raises(CommandFailed, match="characters that no key has"):
        find_connection()


def test_a_system_that_is_down_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound and not listening: a connection is refused, and nobody else can take the port.
        taken.bind(("127.0.0.1", 0))
        leave_key(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}")
        with open_api(tmp_path) as api, pytest.raises(Unavailable, match="nothing answers at http://127"):
            api.get("/servers")


def test_the_key_does_not_show_in_the_connection() -> None:
    assert "snt_k_x" not in repr(HERE)


def test_a_problem_is_told_with_its_bad_fields() -> None:
    problem = {"detail": "The input is not valid.", "errors": [{"loc": ["body", "name"], "msg": "is blank"}]}
    assert refusal(httpx.Response(422, json=problem), HERE) == "The input is not valid. (name: is blank)"


def test_an_answer_of_something_else_is_recognised() -> None:
    said = refusal(httpx.Response(500, text="<html>proxy</html>"), HERE)
    assert said == "http://127.0.0.1:1 answered 500, not as Sentinela does"
