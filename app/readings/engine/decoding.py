"""From encoded hours and hot rows to columns, a server at a time; runs in a thread."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.readings.engine.fetching import HotRows, Hours, Segments
from app.readings.engine.question import Float, Int, Question
from app.readings.merging import merge
from app.readings.rows import Rows
from app.readings.segments import decode_timestamps, decode_values


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
    for server in np.unique(wanted.server).tolist():
        sealed = _sealed(question, server, wanted.hour[wanted.server == server].tolist(), segments)
        begin, end = np.searchsorted(hot.server, [server, server + 1]).tolist()
        rows = _overlaid(server, sealed, hot, begin, end)
        kept = _kept(question, rows)
        if len(kept.ts):
            yield kept


def _sealed(question: Question, server: int, hours: list[int], segments: Segments) -> ServerRows:
    parts = []
    for hour in hours:
        found = segments.timestamps.get((server, hour))
        if found is not None:
            count, timestamps = found
            payloads = segments.payloads.get((server, hour), {})
            columns = {
                name: decode_values(payloads[number], count)
                for name, number in question.quantities.items()
                if number in payloads
            }
            parts.append((decode_timestamps(timestamps), columns))
    if not parts:
        return ServerRows(server, np.empty(0, np.int64), {})
    names = [name for name in question.quantities if any(name in columns for _, columns in parts)]
    values = {name: np.concatenate([_or_absent(columns.get(name), len(ts)) for ts, columns in parts]) for name in names}
    return ServerRows(server, np.concatenate([ts for ts, _ in parts]), values)


def _or_absent(column: Float | None, count: int) -> Float:
    return np.full(count, np.nan) if column is None else column


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
