"""Cursors: what was encoded comes back, and nothing else is taken for one."""

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.paging import Asked, Key, decode, encode

# What names may hold: no-break spaces, joined emoji and soft hyphens, too.
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")))
PARTS = st.one_of(NAMES, st.integers(-(2**63) + 1, 2**63 - 1))


@settings(derandomize=True)
@given(st.lists(PARTS).map(tuple))
def test_a_key_comes_back_as_it_was(key: Key) -> None:
    assert decode(encode(key)) == key


@settings(derandomize=True)
@given(st.text())
def test_other_text_is_refused_or_a_key(text: str) -> None:
    with contextlib.suppress(Invalid):
        key = decode(text)
        assert decode(encode(key)) == key


@pytest.mark.parametrize("name", ["a\u00a0b", "👩\u200d🔬", "soft\u00adhyphen", "\u202e", "\ue000"])
def test_a_name_that_does_not_print_may_end_a_page(name: str) -> None:
    assert decode(encode((name, 7))) == (name, 7)


@pytest.mark.parametrize("parts", [["\x00"], [1.5], [True], [None], [2**63], [["a"]], "a", {"a": 1}])
def test_what_no_list_makes_is_refused(parts: object) -> None:
    with pytest.raises(Invalid):
        decode(encode(parts))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ['["\\ud800"]', "[" * 1000 + "]" * 1000, "[1e400]", "[" + "9" * 30 + "]"])
def test_what_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        decode(base64.urlsafe_b64encode(text.encode()).decode())


def test_the_cursor_of_another_list_is_refused() -> None:
    for key in (("a",), ("a", "b"), (1, "a"), ()):
        with pytest.raises(Invalid):
            Asked(10, key).key(str, int)
    assert Asked(10, ("a", 1)).key(str, int) == ("a", 1)
    assert Asked(10).key(str, int) is None


def test_a_page_names_its_last_row_only_when_more_follow() -> None:
    asked = Asked(limit=2)
    assert asked.cut(["a", "b", "c"], lambda row: (row,)).last == ("b",)
    assert asked.cut(["a", "b"], lambda row: (row,)).last is None
    assert asked.cut([], lambda row: (row,)).items == []
