"""Every decoder against one reading at a time through the pydantic model."""

import math
import os
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.clock import to_microseconds
from app.readings.formats import ndjson, text_csv
from app.readings.quantities import NAMES
from app.readings.schemas import ReadingIn
from tests.readings.formats.bodies import BODIES, CUSTOM, Row
from tests.readings.formats.decoded import Bad, Good, decoded

EXAMPLES = 2000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 60
# Some three rows: faults and good rows lie on both sides of a block's end.
SMALL_BLOCK = 700
_ONE = TypeAdapter(ReadingIn)

moments = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}{}{}".format,
    st.sampled_from([1, 1969, 1970, 2024, 2026, 9999]),
    st.integers(1, 12),
    st.integers(1, 31),
    st.sampled_from("Tt "),
    st.integers(0, 24),
    st.integers(0, 60),
    st.sampled_from(["", ":00", ":59", ":60", ":07.5", ":07,25", ":07.123456", ":07.1234567", ":07."]),
    st.sampled_from(["", "Z", "z", "+00:00", "-03:00", "+14", "+0530", "+23:59", "+24:00", "+05:60", " Z"]),
)
odd_moments = st.sampled_from(["yesterday", "1769860800", "2026-01-31", "٢٠٢٦-01-31T12:00:00Z", "2026-01-31T12Z"])
instants = st.none() | st.just("2026-01-31T12:00:00Z") | moments | odd_moments
servers = st.sampled_from(["01JAR7F6XK3V0B8M2N4P6Q8S0T", "01jar7f6xk3v0b8m2n4p6q8s0u", "não é"]) | st.none()
values = st.none() | st.floats(-300, 300) | st.sampled_from([0.0, -273.15, -273.16, 100.0, 100.1, 1e30, 1.1e30, 1e-300])
impossible = st.sampled_from([math.nan, math.inf, -math.inf])
rows = st.fixed_dictionaries(
    {"server_ulid": servers, "timestamp": instants},
    optional={name: values | impossible if name == NAMES[0] else values for name in (*NAMES, CUSTOM)},
)


@pytest.fixture(autouse=True, scope="module", params=[None, SMALL_BLOCK], ids=["one block", "many blocks"])
def _blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (ndjson, text_csv):
            if request.param:
                patch.setattr(module, "BLOCK_BYTES", request.param)
        yield


def one_by_one(sent: Sequence[Row]) -> tuple[Good, set[int]]:
    """The oracle."""
    good: Good = {}
    for position, row in enumerate(sent):
        try:
            reading = _ONE.validate_python(row)
        except ValidationError:
            continue
        ts = reading.timestamp and to_microseconds(reading.timestamp)
        good[position] = (reading.server_ulid, ts, reading.values)
    return good, set(range(len(sent))) - good.keys()


def outcome(body: bytes, media_type: str, known: tuple[str, ...] = ()) -> tuple[Good, set[int]]:
    good, bad = decoded(body, media_type, known=known)
    return good, set(bad)


@pytest.mark.parametrize("known", [(), (CUSTOM,)], ids=["unknown custom", "known custom"])
@pytest.mark.parametrize("media_type", BODIES)
def test_a_body_decodes_to_what_its_readings_say_one_by_one(media_type: str, known: tuple[str, ...]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True)
    @given(sent=st.lists(rows, max_size=12))
    def decodes(sent: list[Row]) -> None:
        assert outcome(BODIES[media_type](sent), media_type, known) == one_by_one(sent)

    decodes()


@pytest.mark.parametrize("media_type", BODIES)
def test_readings_that_are_all_good_take_the_fast_way_to_the_same_end(media_type: str) -> None:
    sent: list[Row] = [
        {
            "server_ulid": f"s{row % 3}",
            "timestamp": f"2026-01-31T12:{row // 60:02}:{row % 60:02}Z",
            "voltage": row + 0.5,
        }
        for row in range(3000)
    ]
    assert outcome(BODIES[media_type](sent), media_type) == one_by_one(sent)


@pytest.mark.parametrize("media_type", BODIES)
def test_a_body_without_readings_has_none(media_type: str) -> None:
    nothing: tuple[Good, Bad] = ({}, {})
    assert decoded(BODIES[media_type]([]), media_type) == nothing
