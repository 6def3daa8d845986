"""Windows that slide over the readings of one quantity: a value for each server and instant.

question → hours that a window touches → what statistics say, and what is decoded → points → `windows.fold`. Of readings
that statistics stand for no more is kept than what lies between two borders comes to; where the readings themselves are
needed, servers and instants are taken in tiles of so many that memory stays bounded (R2).
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from app.core.copy import Connection
from app.readings.engine import costs, fetching, outline, windows
from app.readings.engine.costs import Estimate
from app.readings.engine.decoding import ServerRows
from app.readings.engine.fetching import Hours, key_of
from app.readings.engine.loading import in_thread, load
from app.readings.engine.outline import WINDOW_HOURS, Overview, range_of_hours
from app.readings.engine.question import Float, Int, Question
from app.readings.engine.windows import Points
from app.readings.segments import HOUR

Which = npt.NDArray[np.bool_]

# Readings decoded for one tile, 16 bytes each.
TILE_READINGS = 2_000_000
# Points that are put in order cost as much as so many that are only summed up.
SORTED = 13
# Of a window that cannot be divided: two months at one a second.
MOST_READINGS = 5_000_000


class TooManyReadings(Exception):
    """A single window holds more readings than are held in memory."""


@dataclass(frozen=True, slots=True)
class Sliding:
    """What is asked: the function of the readings in (end - width, end] at each of t ends (t,), evenly spaced.

    Microseconds. `quantity` is the number of `name`; `servers` (s,) ascend. `parameter` is the share of a quantile.
    """

    servers: Int
    name: str
    quantity: int
    ends: Int
    width: int
    function: str
    parameter: float = 0.0

    @property
    def question(self) -> Question:
        """The readings that its windows touch."""
        return Question(
            servers=self.servers,
            group=np.arange(len(self.servers)),
            labels=[None] * len(self.servers),
            label_key=None,
            quantities={self.name: self.quantity},
            shown=(self.name,),
            start=int(self.ends[0]) - self.width + 1,
            end=int(self.ends[-1]) + 1,
        )

    @property
    def is_statistical(self) -> bool:
        return self.function in windows.STATISTICAL

    def nothing(self) -> Float:
        """The values where there are no readings."""
        return np.full((len(self.servers), len(self.ends)), np.nan)

    def part(self, servers: slice, ends: slice) -> "Sliding":
        return replace(self, servers=self.servers[servers], ends=self.ends[ends])


def estimate(sliding: Sliding, seen: Overview) -> Estimate:
    """What it will cost, from counts alone."""
    question, ends = sliding.question, sliding.ends
    span = max(1, (question.end - question.start) // HOUR)
    touched = min(1.0, len(ends) * (sliding.width // HOUR + 2) / span)
    aligned = not ((ends % HOUR).any() or sliding.width % HOUR)
    cut = 0.0 if aligned else min(1.0, 2 * len(ends) / span)
    hot = min(1.0, seen.hot_hours / max(1, seen.segments))
    decoded = max(cut, hot) if sliding.is_statistical else 1.0
    return costs.of_windows(
        question, seen, touched, decoded, _gathered(sliding, seen), len(ends) * len(sliding.servers)
    )


def _gathered(sliding: Sliding, seen: Overview) -> float:
    """How many points lie in all windows together, each as often as it lies in one."""
    ends, question = sliding.ends, sliding.question
    if sliding.function not in ("quantile", *windows.STATISTICAL - {"last"}):
        return 0.0
    readings = seen.readings * min(1.0, sliding.width / (question.end - question.start))
    if sliding.function == "quantile":
        return len(ends) * readings * SORTED
    step = int(ends[1] - ends[0]) if len(ends) > 1 else sliding.width
    pieces = 2 * sliding.width / step + sliding.width / HOUR + 1
    return len(ends) * min(readings, pieces * len(sliding.servers))


async def slide(connection: Connection, sliding: Sliding, seen: Overview) -> Float:
    """The values (s, t), NaN for none; `seen` is what `outline.overview` saw in the same snapshot.

    Raises: TooManyReadings.
    """
    result = sliding.nothing()
    if seen.low is not None:
        await _fill(connection, sliding, seen, result)
    return result


async def _fill(connection: Connection, sliding: Sliding, seen: Overview, result: Float) -> None:
    """Fill `result`, a view of the whole, in one piece or in halves."""
    question = sliding.question
    first, last = range_of_hours(question.start, question.end)
    if (last - first + 1) * len(sliding.servers) > WINDOW_HOURS and _divisible(sliding):
        await _halves(connection, sliding, seen, result)
        return
    hours = _touched(sliding, await _hours(connection, question, seen))
    plain = _plain(sliding, hours)
    readings = 0 if sliding.is_statistical else int(hours.readings.sum())
    if readings > TILE_READINGS and _divisible(sliding):
        await _halves(connection, sliding, seen, result)
        return
    if readings > MOST_READINGS:
        raise TooManyReadings
    points = await _points(connection, sliding, hours, plain)
    await in_thread(partial(_fold, sliding, points, result))


def _divisible(sliding: Sliding) -> bool:
    """Whether halves are less work; of windows that overlap by most of their width both would read nearly all of it."""
    span = int(sliding.ends[-1] - sliding.ends[0])
    return len(sliding.servers) > 1 or (len(sliding.ends) > 1 and span > sliding.width)


async def _halves(connection: Connection, sliding: Sliding, seen: Overview, result: Float) -> None:
    every = slice(None)
    if len(sliding.servers) > 1:
        middle = len(sliding.servers) // 2
        parts = [(slice(middle), every), (slice(middle, None), every)]
    else:
        middle = len(sliding.ends) // 2
        parts = [(every, slice(middle)), (every, slice(middle, None))]
    for servers, ends in parts:
        await _fill(connection, sliding.part(servers, ends), seen, result[servers, ends])


async def _hours(connection: Connection, question: Question, seen: Overview) -> Hours:
    known = seen.known
    if known is None:
        return await outline.hours(connection, question, question.start, question.end)
    first, last = range_of_hours(question.start, question.end)
    asked = (known.hour >= first) & (known.hour <= last) & np.isin(known.server, question.servers)
    return known.take(asked)


def _touched(sliding: Sliding, hours: Hours) -> Hours:
    """Those with readings in a window."""
    ends = sliding.ends
    following = np.searchsorted(ends, hours.low)
    within = following < len(ends)
    begins = ends[np.minimum(following, len(ends) - 1)] - sliding.width
    return hours.take(within & (begins < hours.high))


def _plain(sliding: Sliding, hours: Hours) -> Which:
    """Which hours (n,) their statistics stand for: sealed, no hot row over them (S3), no border of a window within."""
    if not sliding.is_statistical:
        return np.zeros(len(hours), np.bool_)
    cuts = windows.cuts_of(sliding.ends, sliding.width)
    whole = np.searchsorted(cuts, hours.low) == np.searchsorted(cuts, hours.high)
    plain: Which = whole & (hours.sealed > 0) & (hours.hot == 0)
    return plain


async def _points(connection: Connection, sliding: Sliding, hours: Hours, plain: Which) -> dict[int, Points]:
    """By server, what its windows look at."""
    question = sliding.question
    parts: dict[int, list[Points]] = defaultdict(list)
    if plain.any():
        for server, points in (await _statistics(connection, sliding, hours.take(plain))).items():
            parts[server].append(points)
    blocks = outline.blocks(hours.take(~plain))
    take = partial(_taken, sliding, windows.cuts_of(sliding.ends, sliding.width))
    async for found in load(connection, question, blocks, take, question.start, question.end):
        for server, points in found:
            parts[server].append(points)
    return await in_thread(lambda: {server: windows.together(found) for server, found in parts.items()})


async def _statistics(connection: Connection, sliding: Sliding, known: Hours) -> dict[int, Points]:
    """Sealed hours as points, at their last readings."""
    names = tuple(name for name in windows.COLUMNS[sliding.function] if name != "count")
    first, last = int(known.hour.min()), int(known.hour.max())
    found = await fetching.statistics(connection, sliding.question, names, first, last)
    if found is None:
        return {}
    server, _, hour, columns = found
    keys, wanted = key_of(known.server, known.hour), key_of(server, hour)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    asked = keys[at] == wanted
    server, ts = server[asked], known.high[at[asked]]
    wide = {name: np.asarray(columns[name][asked], np.float64) for name in windows.COLUMNS[sliding.function]}
    if not len(server):
        return {}
    return {
        int(server[begin]): Points(ts[begin:end], {name: column[begin:end] for name, column in wide.items()})
        for begin, end in outline.runs(server)
    }


def _taken(sliding: Sliding, cuts: Int, servers: list[ServerRows]) -> list[tuple[int, Points]]:
    found = []
    for rows in servers:
        values = rows.column(sliding.name)
        there = ~np.isnan(values)
        if there.any():
            ts, values = (rows.ts, values) if there.all() else (rows.ts[there], values[there])
            found.append((rows.server, windows.of_readings(sliding.function, ts, values, cuts)))
    return found


def _fold(sliding: Sliding, points: dict[int, Points], result: Float) -> None:
    for server, of in points.items():
        row = int(np.searchsorted(sliding.servers, server))
        result[row] = windows.fold(sliding.function, sliding.parameter, of, sliding.ends, sliding.width)
