"""Bodies of line protocol come in chunks of bounded size."""

import io

import pytest

from app.compat import lines, mapping, points
from app.compat.mapping import Mapping
from app.readings.formats.assembling import MAX_COLUMNS


def test_a_chunk_ends_at_so_many_letters_and_every_line_keeps_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "BLOCK_LETTERS", 100)
    body = b"".join(b"# comment\n\nq value=%d\n" % number for number in range(50))
    chunks = list(points.decode(io.BytesIO(body), "ns", Mapping(), "s"))
    assert len(chunks) >= 5
    assert [row for chunk in chunks for row in chunk.columns.index.tolist()] == list(range(2, 150, 3))


def test_a_chunk_holds_a_bounded_number_of_quantities() -> None:
    body = "".join(f"q{number} value=1\n" for number in range(MAX_COLUMNS + 10)) + "q0 value=2\n"
    (chunk,) = points.decode(io.BytesIO(body.encode()), "ns", Mapping(), "s")
    assert len(chunk.columns.values) == MAX_COLUMNS
    assert [fault.index for fault in chunk.faults] == list(range(MAX_COLUMNS, MAX_COLUMNS + 10))
    assert {fault.error["type"] for fault in chunk.faults} == {"too_many_names"}


def test_long_heads_and_names_are_not_remembered() -> None:
    known = lines._known_head.cache_info().currsize, mapping._known.cache_info().currsize
    long = "x" * lines.REMEMBERED_LETTERS
    point = lines.parse(f"m,tag={long} field=1")
    assert point.head.tags == {"tag": long}
    assert mapping.plain(f"{long}-y") == f"{long}_y"
    assert (lines._known_head.cache_info().currsize, mapping._known.cache_info().currsize) == known
