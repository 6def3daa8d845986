"""How well a server's readings go, gathered piece by piece: gaps, values that are stuck, values that cannot be."""

from dataclasses import dataclass, field

import numpy as np

from app.readings.rows import Float, Int

# Two readings further apart than this many intervals have a gap between them: one reading may be late or lost.
GAP_INTERVALS = 3.0
# A server that declares no interval has the median of its first differences.
SAMPLE = 10_000
# The longest gaps and stretches of one server and quantity are told; all are counted.
TOLD = 20
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, microseconds since 1970, and for a stuck value that value and how many readings had it."""

    start: int
    end: int
    value: float | None = None
    readings: int = 0


@dataclass(slots=True)
class Spans:
    """How many, how long together (microseconds), and the longest of them."""

    count: int = 0
    total: int = 0
    longest: list[Span] = field(default_factory=list)

    def add(self, found: list[Span]) -> None:
        self.count += len(found)
        self.total += sum(span.end - span.start for span in found)
        self.longest = sorted([*self.longest, *found], key=lambda span: span.start - span.end)[:TOLD]


@dataclass(slots=True)
class Measured:
    """One quantity of a server."""

    lowest: float
    highest: float
    """Plausible values lie between."""
    stuck_after: int
    """Microseconds."""
    readings: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    out_of_range: int = 0
    stuck: Spans = field(default_factory=Spans)
    _run: Span | None = None

    def add(self, ts: Int, values: Float) -> None:
        """The next readings of this quantity, (n,), n > 0, all of them present."""
        self.readings += len(values)
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self.out_of_range += int(np.count_nonzero((values < self.lowest) | (values > self.highest)))
        starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
        ends = np.append(starts[1:], len(values)) - 1
        runs = list(self._joined(ts, values, starts, ends))
        self._run = runs.pop()
        self.stuck.add([run for run in runs if self._is_stuck(run)])

    def add_hour(self, low: int, high: int, count: int, least: float, most: float) -> None:
        """The next readings, of which only this is known: all of one value, or none of them in a run that matters; all
        within the plausible values, or none.
        """
        self.readings += count
        self.minimum, self.maximum = min(self.minimum, least), max(self.maximum, most)
        if most < self.lowest or least > self.highest:
            self.out_of_range += count
        before = self._run
        if least != most:
            self.end()
        elif before and before.value == least:
            self._run = Span(before.start, high, least, before.readings + count)
        else:
            self.end()
            self._run = Span(low, high, least, count)

    def end(self) -> None:
        if self._run and self._is_stuck(self._run):
            self.stuck.add([self._run])
        self._run = None

    def _is_stuck(self, run: Span) -> bool:
        return run.readings > 2 and run.end - run.start >= self.stuck_after

    def _joined(self, ts: Int, values: Float, starts: Int, ends: Int) -> list[Span]:
        """Runs that last long enough to matter, the first joined to what was open, and the last, which stays open."""
        long = ts[ends] - ts[starts] >= self.stuck_after
        long[0] = long[-1] = True
        runs = [
            Span(int(ts[start]), int(ts[end]), float(values[start]), int(end - start) + 1)
            for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True)
        ]
        before = self._run
        if before and before.value == runs[0].value:
            runs[0] = Span(before.start, runs[0].end, before.value, before.readings + runs[0].readings)
        elif before:
            runs.insert(0, before)
        return runs


@dataclass(slots=True)
class Course:
    """One server over a period, microseconds since 1970, `[start, end)`; `interval` microseconds, None: undeclared."""

    start: int
    end: int
    interval: float | None
    measured: dict[str, Measured]
    readings: int = 0
    gaps: Spans = field(default_factory=Spans)
    _last: int | None = None
    _held: list[Int] = field(default_factory=list)

    def add(self, ts: Int) -> None:
        """The next readings' instants, (n,), n > 0, ascending; their values go to `measured`."""
        self.readings += len(ts)
        if self.interval is None:
            self._held.append(ts)
            if sum(map(len, self._held)) > SAMPLE:
                self._settle()
        else:
            self._add_gaps(ts)

    def add_hour(self, low: int, high: int, count: int) -> None:
        """The next readings, without a gap between the first and the last of them; the interval is known."""
        self.readings += count
        self._add_gaps(np.array([low]))
        self._last = high

    def finish(self) -> None:
        """There are no more."""
        if self.interval is None:
            self._settle()
        edge = self.start if self._last is None else self._last
        if self.interval is not None and self.end - edge > GAP_INTERVALS * self.interval:
            self.gaps.add([Span(edge, self.end)])
        for measured in self.measured.values():
            measured.end()

    @property
    def expected(self) -> int | None:
        """How many readings the interval makes of the period; None while nobody knows the interval."""
        return None if self.interval is None else max(1, round((self.end - self.start) / self.interval))

    def _settle(self) -> None:
        held, self._held = self._held, []
        ts = np.concatenate(held) if held else np.empty(0, np.int64)
        if len(ts) > 1:
            self.interval = float(np.median(np.diff(ts[: SAMPLE + 1])))
            self._add_gaps(ts)
        elif len(ts):
            self._last = int(ts[-1])

    def _add_gaps(self, ts: Int) -> None:
        first = self.start if self._last is None else self._last
        edges = np.concatenate([[first], ts])
        limit = GAP_INTERVALS * (self.interval or 0.0)
        found = np.flatnonzero(np.diff(edges) > limit)
        self.gaps.add([Span(int(edges[position]), int(edges[position + 1])) for position in found.tolist()])
        self._last = int(ts[-1])
