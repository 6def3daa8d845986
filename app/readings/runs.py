"""Runs of one value over several hours, as far as the hours' statistics tell of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.readings.engine.fetching import Hours
from app.readings.engine.question import Float, Int
from app.readings.quarters import Records

Which = npt.NDArray[np.bool_]
Chain = tuple[int, int]
"""The first and the last of hours, by their places, through which one run may go."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A quantity in n hours of a server. Statistics (n,) are NaN where `there` or `whole` says that there are none."""

    hours: Hours
    whole: Which
    there: Which
    count: Float
    min: Float
    max: Float
    first: Float
    last: Float

    def take(self, which: Which) -> "Entries":
        return Entries(self.hours.take(which), *(getattr(self, name)[which] for name in self.__slots__[1:]))

    @property
    def known(self) -> Which:
        return self.whole & self.there

    @property
    def full(self) -> Which:
        """Where every reading has the quantity."""
        full: Which = self.known & (self.count == self.hours.sealed)
        return full

    @property
    def steady(self) -> Which:
        """Where nothing but one value was measured from the first instant to the last."""
        steady: Which = self.full & (self.min == self.max)
        return steady

    def unclear(self, lowest: float, highest: float) -> Which:
        """Where only the values can tell how many of them lie within bounds."""
        within = (self.min >= lowest) & (self.max <= highest)
        beyond = (self.max < lowest) | (self.min > highest)
        return ~self.known | ~(within | beyond)


def chains(entries: Entries, stuck_after: int) -> list[Chain]:
    """Where a run of so many microseconds may be: within one hour, or from one through others into a last one.

    Whatever the first and last hour hold beyond these is not known, so a run may come from before or go on behind.
    """
    count = len(entries.hours)
    unknown = ~entries.known
    linked = (unknown[:-1] | unknown[1:] | (entries.last[:-1] == entries.first[1:])).tolist()
    # An hour that is not known may hold nothing of the quantity: a run may go through it, too.
    passing = (entries.steady | unknown).tolist()
    low, high = entries.hours.low.tolist(), entries.hours.high.tolist()
    found = [(0, 0), (count - 1, count - 1)] if count else []
    begin = 0
    for place in range(1, count + 1):
        apart = place == count or not linked[place - 1]
        if apart or not passing[place]:
            end = place - 1 if apart else place
            if high[end] - low[begin] >= stuck_after:
                found.append((begin, end))
            begin = place
    return found


def in_question(
    entries: Entries,
    candidates: Sequence[Chain],
    hours: Sequence[int],
    found: tuple[Records, Int],
    number: int,
    least: int,
) -> list[Chain]:
    """Those through which so many quarters of one value follow one another; `found` are the quarters of `hours`."""
    tails, heads = _ends(entries, hours, found, number)
    steady = entries.steady.tolist()
    kept = []
    for begin, end in candidates:
        between = 4 * (end - begin - 1)
        # Over hours without a reading a value lasts, too, and no quarter tells of it.
        silent = entries.hours.hour[end] - entries.hours.hour[begin] > end - begin
        one_sided = begin == end or steady[begin] or steady[end]
        if silent or one_sided or tails.get(begin, 4) + between + heads.get(end, 4) >= least:
            kept.append((begin, end))
    return kept


def _ends(
    entries: Entries, hours: Sequence[int], found: tuple[Records, Int], number: int
) -> tuple[dict[int, int], dict[int, int]]:
    """How many quarters at the end, and at the beginning, of an hour hold one value; of a place that is known."""
    records, sizes = found
    tails: dict[int, int] = {}
    heads: dict[int, int] = {}
    begins = np.cumsum(sizes) - sizes
    for hour, begin, size in zip(hours, begins.tolist(), sizes.tolist(), strict=True):
        if not size:
            continue
        of = records[begin : begin + size]
        of = of[of["quantity"] == number]
        varying = of["quarter"][of["min"] != of["max"]]
        if len(varying):
            place = int(np.searchsorted(entries.hours.hour, hour))
            tails[place], heads[place] = 3 - int(varying[-1]), int(varying[0])
    return tails, heads
