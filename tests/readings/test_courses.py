"""What is gathered piece by piece equals what one look over everything finds, however the pieces are cut."""

import random
from itertools import pairwise

import numpy as np
import pytest

from app.readings.courses import GAP_INTERVALS, SECOND, Course, Measured

START = 1_700_000_000 * SECOND


def cut(chance: random.Random, size: int) -> list[slice]:
    bounds = sorted({0, size, *(chance.randrange(size + 1) for _ in range(chance.randint(0, 6)))})
    return [slice(first, last) for first, last in pairwise(bounds)]


@pytest.mark.parametrize("seed", range(60))
def test_pieces_find_what_the_whole_has(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.randint(2, 200)
    seconds = np.array(sorted(chance.sample(range(600), size)))
    ts = START + seconds * SECOND
    values = np.array([chance.choice((1.0, 2.0, np.nan, 99.0)) if chance.random() < 0.3 else 5.0 for _ in range(size)])
    declared = chance.choice((None, 1.0, 4.0))
    measured = Measured(0.0, 50.0, stuck_after=20 * SECOND)
    interval = declared * SECOND if declared else None
    course = Course(START, START + 600 * SECOND, interval, {"temperature": measured})
    for part in cut(chance, size):
        if part.start < part.stop:
            course.add(ts[part])
        there = ~np.isnan(values[part])
        if there.any():
            measured.add(ts[part][there], values[part][there])
    course.finish()

    each = declared or float(np.median(np.diff(seconds)))
    edges = [0, *seconds.tolist(), 600]
    gaps = [after - before for before, after in pairwise(edges) if after - before > GAP_INTERVALS * each]
    assert course.readings == size
    assert course.interval == each * SECOND
    assert (course.gaps.count, course.gaps.total) == (len(gaps), sum(gaps) * SECOND)
    assert course.expected == max(1, round(600 / each))
    present = [
        (second, value) for second, value in zip(seconds.tolist(), values.tolist(), strict=True) if value == value
    ]
    assert measured.readings == len(present)
    assert measured.out_of_range == sum(value == 99.0 for _, value in present)
    assert stuck(measured) == expected_stuck(present)


def stuck(measured: Measured) -> list[tuple[int, int, float, int]]:
    spans = (
        (span.start - START, span.end - START, span.value or 0.0, span.readings) for span in measured.stuck.longest
    )
    return sorted((start // SECOND, end // SECOND, value, readings) for start, end, value, readings in spans)


def expected_stuck(present: list[tuple[int, float]]) -> list[tuple[int, int, float, int]]:
    runs: list[list[tuple[int, float]]] = []
    for reading in present:
        if runs and runs[-1][-1][1] == reading[1]:
            runs[-1].append(reading)
        else:
            runs.append([reading])
    long = [run for run in runs if len(run) > 2 and run[-1][0] - run[0][0] >= 20]
    return [(run[0][0], run[-1][0], run[0][1], len(run)) for run in long][:20]
