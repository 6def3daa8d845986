"""Statistics of quarters say what the readings of each quarter do."""

import numpy as np
import pytest

from app.readings import quarters
from app.readings.quarters import QUARTER, STATISTICS
from app.readings.segments import HOUR, statistics

BEGIN = 480_000 * HOUR


def hour(count: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """So many instants, at random within the hour; of two quantities one is missing here and there."""
    chance = np.random.default_rng(count)
    ts = BEGIN + np.sort(chance.choice(HOUR, count, replace=False))
    whole, partly = np.round(chance.normal(1e6, 3, (2, count)), 2)
    partly[chance.random(count) < 0.3] = np.nan
    return ts, {1: whole, 104: partly, 107: np.full(count, np.nan)}


@pytest.mark.parametrize("count", [1, 3, 40, 3600])
def test_each_quarter_has_the_statistics_of_its_readings(count: int) -> None:
    ts, values = hour(count)
    records, sizes = quarters.decode([quarters.encode(BEGIN, ts, values, dense=1) or b""])
    assert sizes.tolist() == [len(records)]
    found = {(record["quantity"], record["quarter"]): record for record in records}
    for number, column in values.items():
        for quarter in range(4):
            within = column[(ts - BEGIN) // QUARTER == quarter]
            within = within[~np.isnan(within)]
            record = found.pop((number, quarter), None)
            assert (record is None) == (len(within) == 0)
            if record is not None:
                true = statistics(within)
                told = [record["count"], *(record[name] for name in STATISTICS)]
                assert told == pytest.approx([true.count, *(getattr(true, name) for name in STATISTICS)], rel=1e-9)
    assert not found


def test_an_hour_that_is_not_dense_has_none() -> None:
    assert quarters.encode(BEGIN, *hour(quarters.DENSE - 1)) is None
    assert quarters.encode(BEGIN, *hour(quarters.DENSE)) is not None


def test_a_form_of_later_versions_counts_as_none_and_leaves_its_neighbours_alone() -> None:
    known = quarters.encode(BEGIN, *hour(40), dense=1) or b""
    records, sizes = quarters.decode([known, b"\x02" + known[1:], b"", known])
    assert sizes.tolist() == [len(records) // 2, 0, 0, len(records) // 2]


def test_the_last_digits_of_sums_do_not_matter_and_others_do() -> None:
    records, _ = quarters.decode([quarters.encode(BEGIN, *hour(400), dense=1) or b""])
    near, off, less = records.copy(), records.copy(), records[:-1]
    near["sum"] *= 1 + 1e-13
    off["sum"] *= 1.001
    assert quarters.alike(records, near, 1e-9)
    assert not quarters.alike(records, off, 1e-9)
    assert not quarters.alike(records, less, 1e-9)
