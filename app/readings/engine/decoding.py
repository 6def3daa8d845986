"""From encoded hours and hot rows to columns, a server at a time; runs in a thread."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from app.readings.engine.fetching import HotRows, Hours, Segments
from app.readings.engine.question import Float, Int, Question
from app.readings.merging import merge
from app.readings.rows import Rows
from app.readings.segments import decode_timestamps_into, decode_values_into


@dataclass(frozen=True, slots=True)
class ServerRows:
    """Readings of one server: instants (n,), ascending, and the quantities that occur, NaN for absent."""

    server: int
    ts: Int
    values: dict[str, Float]

    def column(self, name: str) -> Float:
        """The quantity's values (n,)."""
        found = self.values.get(name)
        return np.full(len(self.ts), np.nan) if found is None else found


def decoded(question: Question, wanted: Hours, segments: Segments, hot: HotRows) -> Iterator[ServerRows]:
    """The readings of these hours that lie in the question's range and meet its conditions, by server.

    A value in a hot row comes before one in a segment, a quantity at a time.
    """
    encoded = _by_server(segments)
    for server in np.unique(wanted.server).tolist():
        begin, end = np.searchsorted(hot.server, [server, server + 1]).tolist()
        rows = _overlaid(server, _sealed(question, server, encoded.get(server, {})), hot, begin, end)
        kept = _kept(question, rows)
        if len(kept.ts):
            yield kept


Columns = dict[int, tuple[int, bytes]]
"""Of an hour by quantity, 0 for the instants: count and bytes."""


def _by_server(segments: Segments) -> dict[int, dict[int, Columns]]:
    found: dict[int, dict[int, Columns]] = {}
    for server, hour, quantity, count, encoded in segments:
        found.setdefault(server, {}).setdefault(hour, {})[quantity] = count, encoded
    return found


def _sealed(question: Question, server: int, hours: dict[int, Columns]) -> ServerRows:
    parts = [columns for _, columns in sorted(hours.items())]
    begins = [0, *accumulate(columns[0][0] for columns in parts)]
    places = [slice(begin, end) for begin, end in pairwise(begins)]
    ts = np.empty(begins[-1], np.int64)
    for columns, place in zip(parts, places, strict=True):
        decode_timestamps_into(columns[0][1], ts[place])
    values = {}
    for name, number in question.quantities.items():
        found = [(columns[number][1], place) for columns, place in zip(parts, places, strict=True) if number in columns]
        if found:
            values[name] = np.empty(len(ts)) if len(found) == len(parts) else np.full(len(ts), np.nan)
        for payload, place in found:
            decode_values_into(payload, values[name][place])
    return ServerRows(server, ts, values)


def _overlaid(server: int, sealed: ServerRows, hot: HotRows, begin: int, end: int) -> ServerRows:
    if begin == end:
        return sealed
    ts = hot.ts[begin:end]
    values = {name: column[begin:end] for name, column in hot.values.items()}
    if not len(sealed.ts):
        return ServerRows(server, ts, values)
    incoming = Rows(np.full(len(ts), server), ts, values)
    stored = Rows(np.full(len(sealed.ts), server), sealed.ts, sealed.values)
    final = merge(stored, incoming).final
    return ServerRows(server, final.ts, final.values)


def _kept(question: Question, rows: ServerRows) -> ServerRows:
    begin, end = np.searchsorted(rows.ts, [question.start, question.end]).tolist()
    if begin > 0 or end < len(rows.ts):
        values = {name: column[begin:end] for name, column in rows.values.items()}
        rows = ServerRows(rows.server, rows.ts[begin:end], values)
    if not question.conditions:
        return rows
    met = np.ones(len(rows.ts), np.bool_)
    for condition in question.conditions:
        met &= condition.met(rows.column(condition.name))
    return ServerRows(rows.server, rows.ts[met], {name: column[met] for name, column in rows.values.items()})
