"""Request ids: ULIDs, each its own, rising with time."""

import re
import time

from ulid import ULID

from app.core.identifiers import new_request_id


def test_request_ids_are_ulids_of_this_moment() -> None:
    before = time.time() - 0.001
    made = ULID.from_str(new_request_id())
    assert before <= made.timestamp <= time.time() + 0.001


def test_no_request_id_comes_twice() -> None:
    made = [new_request_id() for _ in range(50_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", text) for text in made[:100])
