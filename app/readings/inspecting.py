"""Readings led past their servers' courses, hour by hour: by statistics where those say enough, else decoded.

What an hour's statistics leave open is decoded, of the quantity concerned alone: values partly out of range, and runs
of one value that may have begun in it or end there. Of its instants nothing is, where as many came as the server's
interval makes of the hour. Quarters tell most hours that only begin with the value the last one ended with from those
of a sensor that is stuck.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.copy import Connection
from app.readings import quarters
from app.readings.courses import SAMPLE, Course, Measured
from app.readings.engine import fetching, outline
from app.readings.engine.decoding import ServerRows
from app.readings.engine.fetching import Hours
from app.readings.engine.loading import in_thread, load
from app.readings.engine.outline import Overview
from app.readings.engine.question import Float, Int, Question
from app.readings.quarters import QUARTER
from app.readings.runs import Entries, Which, chains, in_question
from app.readings.segments import HOUR, start_of

STATISTICS = ("min", "max", "first", "last")
# Readings that an hour may have beyond what its interval makes of it: the first of the next, and rounding.
SPARE = 2
# Hours of one look: some ten years of one server, fewer of several.
WIDTH = 100_000


async def inspect(
    connection: Connection, question: Question, seen: Overview, courses: Mapping[int, Course], *, filtered: bool
) -> None:
    """Lead every reading past its server's course; `filtered`: only those with one of the shown quantities count."""
    async for low, high, hours in outline.windows(connection, question, seen, WIDTH):
        found = await fetching.statistics(connection, question, STATISTICS, low // HOUR, (high - 1) // HOUR)
        for number in np.unique(hours.server).tolist():
            alone = replace(question, servers=np.array([number]), group=np.zeros(1, np.int64), labels=(None,))
            looked = _Server(connection, alone, hours.take(hours.server == number), courses[number])
            known = {name: looked.known(found, name) for name in question.shown}
            await looked.instants(known, filtered)
            for name in question.shown:
                await looked.values(name, known[name])


@dataclass(frozen=True, slots=True)
class _Server:
    """One server's hours of a look."""

    connection: Connection
    question: Question
    hours: Hours
    course: Course

    @property
    def whole(self) -> Which:
        """Hours that statistics speak of: sealed, no hot row over them (S3), and within the range."""
        hours, asked = self.hours, self.question
        whole: Which = (hours.sealed > 0) & (hours.hot == 0) & (hours.low >= asked.start) & (hours.high < asked.end)
        return whole

    def known(self, found: Any, name: str) -> Entries:
        """What statistics say of a quantity in each of the hours (n,)."""
        number, wanted = self.question.quantities[name], int(self.hours.server[0])
        hours, columns = np.empty(0, np.int64), {}
        if found is not None:
            server, quantity, hour, columns = found
            own = np.flatnonzero((server == wanted) & (quantity == number))
            own = own[np.argsort(hour[own], kind="stable")]
            hours, columns = hour[own], {key: column[own] for key, column in columns.items()}
        place = np.minimum(np.searchsorted(hours, self.hours.hour), max(len(hours) - 1, 0))
        there = hours[place] == self.hours.hour if len(hours) else np.zeros(len(self.hours), np.bool_)
        take = {key: _at(columns.get(key), place, there) for key in ("count", *STATISTICS)}
        return Entries(self.hours, self.whole, there, **take)

    async def instants(self, known: Mapping[str, Entries], filtered: bool) -> None:
        """Gaps, and how many readings there are."""
        hours, course = self.hours, self.course
        plain = self.whole
        if filtered:
            # Where one of the quantities is in every reading of an hour, all of them count.
            plain = plain & np.any([entries.full for entries in known.values()], axis=0)
        shown = self.question if filtered else replace(self.question, shown=(), quantities={})
        add = partial(_add_instants, course, shown.shown)
        first = 0
        if course.interval is None:
            # So many readings tell the interval, if they are there.
            first = 1 + int(np.searchsorted(np.cumsum(hours.readings), SAMPLE, "right"))
            beginning = hours.take(slice(first))
            await self._lead(
                shown, beginning, np.ones(len(beginning), np.bool_), _Led(beginning.take(slice(0)), add, _never)
            )
        rest = hours.take(slice(first, None))
        # As many as that leave no room for a gap of three intervals; of more than that some may make up for others.
        beyond = rest.sealed - (rest.high - rest.low) / (course.interval or np.nan)
        decode = ~(plain[first:] & (beyond >= 0) & (beyond <= SPARE))
        summed = rest.take(~decode)
        await self._lead(shown, rest, decode, _Led(summed, add, partial(_sum_up_instants, course, summed)))

    async def values(self, name: str, entries: Entries) -> None:
        """Extremes, values that cannot be, and runs of one value."""
        measured = self.course.measured[name]
        entries = entries.take(~entries.whole | entries.there)
        decode = entries.unclear(measured.lowest, measured.highest)
        candidates = await in_thread(partial(chains, entries, measured.stuck_after))
        if measured.stuck_after >= HOUR and candidates:
            varying = np.unique([place for chain in candidates for place in chain])
            rows = await fetching.quarters(self.connection, entries.hours.take(varying[~entries.steady[varying]]))
            found = quarters.decode([encoded for _, _, encoded in rows])
            hours = [hour for _, hour, _ in rows]
            number = self.question.quantities[name]
            may = partial(in_question, entries, candidates, hours, found, number, measured.stuck_after // QUARTER - 1)
            candidates = await in_thread(may)
        for chain in candidates:
            decode[list(chain)] |= ~entries.steady[list(chain)]
        asked = replace(self.question, shown=(name,), quantities={name: self.question.quantities[name]})
        summed = entries.take(~decode)
        led = _Led(summed.hours, partial(_add, measured, name), partial(_sum_up, measured, summed))
        await self._lead(asked, entries.hours, decode, led)

    async def _lead(self, question: Question, hours: Hours, decode: Which, led: "_Led") -> None:
        wanted = outline.blocks(hours.take(decode))
        async for _ in load(self.connection, question, wanted, led.use, question.start, question.end):
            pass
        led.finish()


class _Led:
    """Hour after hour: decoded readings are added, and the other hours, `rest`, summed up in their places."""

    def __init__(self, rest: Hours, add: Callable[[ServerRows, slice], None], sum_up: Callable[[int], None]) -> None:
        self._begins = [start_of(hour) for hour in rest.hour.tolist()]
        self._add = add
        self._sum_up = sum_up
        self._place = 0

    def use(self, found: list[ServerRows]) -> None:
        for rows in found:
            self._use(rows)

    def _use(self, rows: ServerRows) -> None:
        begin, end = 0, len(rows.ts)
        while begin < end:
            pending = self._place < len(self._begins)
            cut = int(np.searchsorted(rows.ts, self._begins[self._place])) if pending else end
            if cut > begin:
                self._add(rows, slice(begin, cut))
                begin = cut
            elif pending:
                self._sum_up(self._place)
                self._place += 1

    def finish(self) -> None:
        for place in range(self._place, len(self._begins)):
            self._sum_up(place)


def _never(_: int) -> None:
    raise AssertionError("every hour is decoded")


def _at(column: "npt.NDArray[Any] | None", place: Int, there: Which) -> Float:
    if column is None or not len(column):
        return np.full(len(there), np.nan)
    return np.where(there, column[place], np.nan)


def _add_instants(course: Course, shown: Sequence[str], rows: ServerRows, part: slice) -> None:
    ts = rows.ts[part]
    if shown:
        found = np.zeros(len(ts), np.bool_)
        for name in shown:
            found |= ~np.isnan(rows.column(name)[part])
        ts = ts[found]
    if len(ts):
        course.add(ts)


def _sum_up_instants(course: Course, summed: Hours, place: int) -> None:
    course.add_hour(int(summed.low[place]), int(summed.high[place]), int(summed.sealed[place]))


def _add(measured: Measured, name: str, rows: ServerRows, part: slice) -> None:
    values = rows.column(name)[part]
    present = ~np.isnan(values)
    if present.any():
        measured.add(rows.ts[part][present], values[present])


def _sum_up(measured: Measured, summed: Entries, place: int) -> None:
    hours = summed.hours
    count, least, most = int(summed.count[place]), float(summed.min[place]), float(summed.max[place])
    measured.add_hour(int(hours.low[place]), int(hours.high[place]), count, least, most)
