"""What an MQTT message may hold."""

import json
from typing import Any

import pytest

from app.compat import bridge
from app.compat.bridge import Inbox, Message, dead_letter
from app.compat.payloads import BadPayload, documents

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TOPIC = f"sentinela/{ULID}/data"


def read(payload: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in documents(TOPIC, payload.encode())]


def test_an_object_is_a_reading_of_the_topics_server() -> None:
    assert read('{"temperature": 20.5}') == [{"temperature": 20.5, "server_ulid": ULID}]


def test_an_array_holds_several() -> None:
    assert read('[{"humidity": 1}, {"humidity": 2}]') == [
        {"humidity": 1, "server_ulid": ULID},
        {"humidity": 2, "server_ulid": ULID},
    ]


def test_lines_of_line_protocol_need_no_server() -> None:
    assert read("# a comment\ntemperature value=20.5 1767225600000000000\nweather humidity=3i") == [
        {"timestamp": "2026-01-01T00:00:00Z", "temperature": 20.5, "server_ulid": ULID},
        {"humidity": 3.0, "server_ulid": ULID},
    ]


def test_its_own_server_may_be_named() -> None:
    assert read(f'{{"server_ulid": "{ULID.lower()}", "voltage": 1}}') == [{"server_ulid": ULID, "voltage": 1}]
    assert read(f"m,server_ulid={ULID} voltage=1") == [{"server_ulid": ULID, "voltage": 1.0}]


@pytest.mark.parametrize(
    "payload",
    ["", "[]", "{", "[1]", "nonsense", '{"server_ulid": "01BX5ZZKBKACTAV9WEVGEMMVRY", "voltage": 1}',
     "m,server_ulid=01BX5ZZKBKACTAV9WEVGEMMVRY voltage=1"],
)  # fmt: skip
def test_what_holds_no_reading_of_its_own_is_refused(payload: str) -> None:
    with pytest.raises(BadPayload):
        documents(TOPIC, payload.encode())


def test_bytes_that_are_no_text_are_refused_and_kept_whole() -> None:
    with pytest.raises(BadPayload):
        documents(TOPIC, b"\xff\xfe")
    letter = json.loads(dead_letter(Message(TOPIC, b"\xff\xfe", 1), "why"))
    assert letter == {"topic": TOPIC, "reason": "why", "payload_base64": "//4="}


def test_messages_that_nobody_repeats_wait_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MAX_UNREPEATED", 3)
    inbox = Inbox()
    for number in (0, 7, 0, 0, 0, 8, 0):
        inbox.receive(Message(TOPIC, b"{}", number))
    assert [inbox.get_nowait().number for _ in range(inbox.qsize())] == [0, 7, 0, 8]
