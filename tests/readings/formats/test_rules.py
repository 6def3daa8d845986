"""What each format allows, and how it says what it does not."""

import io
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from app.core.errors import Invalid, UnsupportedMediaType
from app.readings import formats
from app.readings.formats import Options, ndjson, text_csv
from app.readings.formats.assembling import MAX_COLUMNS
from app.readings.formats.text_csv import MAX_HEADER_BYTES
from tests.readings.formats.bodies import arrow_of, parquet_of
from tests.readings.formats.decoded import DEFAULT, decoded

NDJSON, CSV = "application/x-ndjson", "text/csv"
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_US = 1_769_860_800_000_000
TEXT = "2026-01-31T12:00:00Z"


def refusal(body: bytes, media_type: str, options: Options = DEFAULT) -> str:
    """The type of the fault for which the whole body is refused."""
    with pytest.raises(Invalid) as caught:
        decoded(body, media_type, options)
    return str(caught.value.errors[0]["type"])


def table(**columns: Any) -> pa.Table:
    return pa.table({"server_ulid": ["s"] * len(next(iter(columns.values()))), **columns})


def test_blank_lines_of_ndjson_count_as_positions() -> None:
    line = b'{"server_ulid": "s", "voltage": 1}'
    good, bad = decoded(b"\n" + line + b"\r\n  \n" + line + b"\nnot json\n\n" + line, NDJSON)
    assert list(good) == [1, 3, 6]
    assert bad == {4: "json_invalid"}


def test_a_line_of_ndjson_may_be_any_json_but_only_an_object_is_a_reading() -> None:
    _, bad = decoded(b'[]\n5\nnull\n"s"\n{"server_ulid": "s", "voltage": true}\n{"a": {"a": 1}}\n\xff\n', NDJSON)
    assert list(bad) == [0, 1, 2, 3, 4, 5, 6]


def test_a_line_without_end_is_refused() -> None:
    assert refusal(b"[" * (ndjson.MAX_LINE_BYTES + ndjson.BLOCK_BYTES + 1), NDJSON) == "line_too_long"


def test_a_brazilian_spreadsheet_is_read_as_it_is() -> None:
    text = f"﻿server_ulid;timestamp;temperature\r\ns;{TEXT};25,3\r\ns;; 1.234 \r\n"
    assert decoded(text.encode(), CSV) == (
        {0: ("s", NOON_US, {"temperature": 25.3}), 1: ("s", None, {"temperature": 1.234})},
        {},
    )


def test_quoted_cells_may_hold_the_delimiter_and_line_breaks() -> None:
    text = f'"server_ulid","timestamp","voltage"\n"a,b","{TEXT}","1"\n"c\nd",,"2"\n'
    assert {row[0] for row in decoded(text.encode(), CSV)[0].values()} == {"a,b", "c\nd"}


def test_ragged_rows_keep_their_places_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_csv, "BLOCK_BYTES", 100)
    rows = ["s,1,2" if row % 7 == 3 else "s" if row % 11 == 5 else f"s,{row}" for row in range(500)]
    good, bad = decoded("\n".join(["server_ulid,voltage", *rows]).encode(), CSV)
    assert bad == dict.fromkeys((row for row in range(500) if row % 7 == 3 or row % 11 == 5), "ragged_row")
    assert good == {row: ("s", None, {"voltage": float(row)}) for row in range(500) if row not in bad}


def test_a_file_that_begins_with_ragged_rows_keeps_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_csv, "BLOCK_BYTES", 1000)
    rows = [*["s"] * 2000, "s,1", *["s,1,2"] * 2000, "s,2", *["s"] * 2000]
    good, bad = decoded("\n".join(["server_ulid,voltage", *rows]).encode(), CSV)
    assert good == {2000: ("s", None, {"voltage": 1.0}), 4001: ("s", None, {"voltage": 2.0})}
    assert len(bad) == 6000
    assert set(bad.values()) == {"ragged_row"}


def test_chunks_of_ragged_rows_end_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that goes on passes over the chunks that end before the row that it begins at."""
    monkeypatch.setattr(text_csv, "BLOCK_BYTES", 100)
    rows = ["s" if row % 3 or row > 300 else f"s,{row}" for row in range(500)]
    body = "\n".join(["server_ulid,voltage", *rows]).encode()
    ends = [
        max([*chunk.columns.index.tolist(), *(fault.index for fault in chunk.faults)])
        for chunk in formats.decode(io.BytesIO(body), CSV, DEFAULT, ())
    ]
    assert ends == sorted(ends)
    assert ends[-1] == 499


def test_a_file_whose_rows_never_fit_its_header_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_csv, "MAX_RAGGED", 100)
    assert refusal(b"server_ulid,voltage\n" + b"s,1,2\n" * 200, CSV) == "unreadable_body"


def test_a_chunk_holds_a_bounded_number_of_quantities() -> None:
    lines = [f'{{"server_ulid": "s", "voltage": 1, "q{number}": 1}}' for number in range(MAX_COLUMNS + 10)]
    good, bad = decoded("\n".join([*lines, lines[0]]).encode(), NDJSON)
    assert bad == dict.fromkeys(range(MAX_COLUMNS - 1, MAX_COLUMNS + 10), "too_many_names")
    assert len(good) == MAX_COLUMNS


def test_what_is_no_number_in_csv_is_a_fault_of_its_row() -> None:
    cells = ["1e3", "+2", ".5", "5.", "NaN", "-inf", "0x10", "1_000", "1,5", "ten", "--1"]
    body = "server_ulid\tvoltage\n" + "".join(f"s\t{cell}\n" for cell in cells)
    good, bad = decoded(body.encode(), CSV)
    assert [row[2]["voltage"] for row in good.values()] == [1000, 2, 0.5, 5]
    assert [bad[row] for row in range(4, 11)] == ["finite_number"] * 2 + ["float_type"] * 5


def test_columns_may_have_other_names() -> None:
    options = Options("node", "when", {"temperature": "t", "humidity": "h", "voltage": "v", "current": "c"})
    assert decoded(f"node,when,t,c\ns,{TEXT},1,2\n".encode(), CSV, options) == (
        {0: ("s", NOON_US, {"temperature": 1.0, "current": 2.0})},
        {},
    )


def test_a_file_of_one_server_need_not_name_it() -> None:
    options = Options(server_ulid="mine")
    assert [row[0] for row in decoded(b"voltage\n1\n2\n", CSV, options)[0].values()] == ["mine", "mine"]
    assert decoded(b"server_ulid,voltage\nother,1\n,2\n", CSV, options)[0][1][0] == "mine"
    assert decoded(b'{"voltage": 1}\n{"server_ulid": "other", "voltage": 1}\n', NDJSON, options)[0][0][0] == "mine"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "no_header"),
        (b"\n", "no_header"),
        (b"x" * MAX_HEADER_BYTES, "header_too_long"),
        (b"voltage\n1\n", "unknown_column"),
        (b"server_ulid,timestamp\ns,\n", "no_quantity_column"),
        (b"server_ulid,voltage,voltage\ns,1,1\n", "column_twice"),
        (b"server_ulid,Voltage\ns,1\n", "extra_forbidden"),
        (b"server_ulid,voltage\ns,\xff\n", "unreadable_body"),
        (b"server_ulid,\xff\ns,1\n", "unreadable_body"),
        (b"server_ulid,voltage\ns,1,\xff\n", "unreadable_body"),
        (",".join(["server_ulid", *(f"q{i}" for i in range(MAX_COLUMNS))]).encode(), "too_many_columns"),
    ],
)
def test_what_is_no_table_of_readings_is_refused_whole(body: bytes, fault: str) -> None:
    assert refusal(body, CSV) == fault


@pytest.mark.parametrize("write", [arrow_of, parquet_of])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/Sao_Paulo"])
def test_instants_of_every_unit_are_the_same_instant(write: Any, unit: str, zone: str | None) -> None:
    noon = pa.array([NOON_US], pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp(unit, zone))
    media_type = ARROW if write is arrow_of else PARQUET
    assert decoded(write(table(timestamp=noon, voltage=[1.0])), media_type)[0][0][1] == NOON_US


def test_instants_that_we_cannot_keep_are_faults_of_their_rows() -> None:
    nanoseconds = pa.array([1500, 2000, None], pa.timestamp("ns", "UTC"))
    assert decoded(arrow_of(table(timestamp=nanoseconds, voltage=[1, 2, 3])), ARROW) == (
        {1: ("s", 2, {"voltage": 2.0}), 2: ("s", None, {"voltage": 3.0})},
        {0: "instant"},
    )
    seconds = pa.array([2**62, -(2**62), 253_402_300_799, 253_402_300_800], pa.timestamp("s", "UTC"))
    _, bad = decoded(arrow_of(table(timestamp=seconds, voltage=[1, 2, 3, 4])), ARROW)
    assert bad == {0: "instant_range", 1: "instant_range", 3: "instant_range"}


@pytest.mark.parametrize(
    "numbers",
    [
        pa.array([1, None], pa.int8()),
        pa.array([1, None], pa.uint64()),
        pa.array([1, None], pa.float16()),
        pa.array([1, None], pa.float32()),
        pa.array([Decimal("1.00"), None], pa.decimal128(20, 2)),
    ],
    ids=lambda array: str(array.type),
)
def test_numbers_of_every_kind_are_values(numbers: pa.Array) -> None:
    good, bad = decoded(arrow_of(table(voltage=numbers, flow=[1.0, 2.0])), ARROW)
    assert good == {0: ("s", None, {"voltage": 1.0, "flow": 1.0}), 1: ("s", None, {"flow": 2.0})}
    assert bad == {}


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_servers_may_be_text_of_every_kind(kind: pa.DataType) -> None:
    names = pa.array(["a", "b", None, "a"]).cast(kind)
    good, bad = decoded(arrow_of(pa.table({"server_ulid": names, "voltage": [1, 2, 3, 4]})), ARROW)
    assert [row[0] for row in good.values()] == ["a", "b", "a"]
    assert bad == {2: "missing"}


@pytest.mark.parametrize(
    ("names", "places", "servers"),
    [
        (["a", "b"], [1, 0, 1], ["b", "a", "b"]),
        (["a", "b", "c"], [2, 0, 2], ["c", "a", "c"]),
        (["a", "b", "a"], [2, 1, 0], ["a", "b", "a"]),
        (["a", None], [0, 0, 0], ["a", "a", "a"]),
    ],
    ids=["all used", "one unused", "one twice", "null unused"],
)
def test_a_dictionary_names_the_servers_that_its_rows_use(
    names: list[str], places: list[int], servers: list[str]
) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(names))
    body = arrow_of(pa.table({"server_ulid": column, "voltage": [1.0, 2.0, 3.0]}))
    good, bad = decoded(body, ARROW)
    assert ([row[0] for row in good.values()], bad) == (servers, {})
    assert [sorted(chunk.columns.servers) for chunk in formats.decode(io.BytesIO(body), ARROW, DEFAULT, ())] == [
        sorted(set(servers))
    ]


def test_a_null_in_a_dictionary_is_a_missing_server() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(["a", None]))
    good, bad = decoded(arrow_of(pa.table({"server_ulid": column, "voltage": [1.0, 2.0]})), ARROW)
    assert ([row[0] for row in good.values()], bad) == (["a"], {1: "missing"})


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"voltage": ["1"]}, "number_column"),
        ({"voltage": [True]}, "number_column"),
        ({"voltage": [[1.0]]}, "number_column"),
        ({"voltage": [1.0], "timestamp": [5]}, "instant_column"),
        ({"voltage": [1.0], "server_ulid": [5]}, "text_column"),
        ({"voltage": [1.0], "no name": [1.0]}, "extra_forbidden"),
    ],
)
def test_a_column_of_the_wrong_kind_is_named(columns: dict[str, Any], fault: str) -> None:
    assert refusal(arrow_of(table(**columns)), ARROW) == fault
    assert refusal(parquet_of(table(**columns)), PARQUET) == fault


@pytest.mark.parametrize("media_type", [ARROW, PARQUET, "application/json"])
def test_bytes_that_are_something_else_are_refused_with_the_reason(media_type: str) -> None:
    for body in (b"", b"PAR1", b"server_ulid,voltage\ns,1\n", b"\0" * 100):
        with pytest.raises(Invalid) as caught:
            decoded(body, media_type)
        assert caught.value.errors[0]["msg"]


def test_offsets_that_point_outside_are_found_before_they_are_followed() -> None:
    body = arrow_of(pa.table({"server_ulid": ["abc", "def"], "voltage": [1.0, 2.0]}))
    offsets, forged = struct.pack("<3i", 0, 3, 6), struct.pack("<3i", 0, 3, 2**30)
    assert body.count(offsets) == 1
    assert refusal(body.replace(offsets, forged), ARROW) == "unreadable_body"


def test_other_types_are_refused_with_those_that_are_taken() -> None:
    with pytest.raises(UnsupportedMediaType, match="is not taken"):
        decoded(b"<r/>", "application/xml")
