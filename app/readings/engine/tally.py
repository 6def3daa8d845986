"""Cells of groups and buckets, filled part by part and given out as soon as nothing more can fall into them."""

import numpy as np

from app.readings import calendar
from app.readings.aggregates import LINES, Needs, fraction_of, key_of
from app.readings.aggregates.lines import Lines
from app.readings.aggregates.partials import Partials, Summary, fold, summarize
from app.readings.aggregates.ranks import Ranks
from app.readings.engine.decoding import ServerRows
from app.readings.engine.question import MAX_TS, Float, Int, Piece, Question

SECOND = 1_000_000
# Cells that are closed in a quarter of a millisecond.
SMALL = 8_000


class Tally:
    """The cell of group g and bucket b is g x buckets + b; bucket b is [edges[b], edges[b + 1])."""

    def __init__(self, question: Question, needs: Needs, beginning: int) -> None:
        """`beginning` is where the only bucket begins when no interval was asked for."""
        self._question = question
        self._needs = needs
        self._beginning = beginning
        self.edges: Int = np.empty(0, np.int64)
        self._group = dict(zip(question.servers.tolist(), question.group.tolist(), strict=True))
        gaps = question.gaps if question.gaps is not None else np.empty(0, np.int64)
        self._gap = dict(zip(question.servers.tolist(), gaps.tolist(), strict=False))
        self.widest_gap = int(gaps.max()) if needs.lines and len(gaps) else 0
        self._partials = {name: Partials(0, needs.kept) for name in question.shown} if needs.kept else {}
        self._lines = {name: Lines(0) for name in question.shown} if needs.lines else {}
        self._ranks = {name: Ranks() for name in question.shown} if needs.fractions else {}

    @property
    def buckets(self) -> int:
        return max(0, len(self.edges) - 1)

    @property
    def is_small(self) -> bool:
        """Whether it is closed in no time."""
        return not self._ranks and self.buckets * self._question.groups * len(self._question.shown) <= SMALL

    def open(self, low: int, high: int) -> None:
        """Make room for readings in [low, high), which lie behind those of before."""
        edges = self._edges(int(self.edges[0]) if len(self.edges) else low, high)
        if len(edges) > len(self.edges):
            self._move(0, edges)

    def add_rows(self, servers: list[ServerRows]) -> None:
        """Readings, each server's behind those of it that were added before. Raises: TooManyValues."""
        for rows in servers:
            positions = np.searchsorted(rows.ts, self.edges)
            for name in self._question.shown:
                if name in rows.values:
                    self._add_column(rows, name, positions)

    def add_statistics(self, server: Int, bucket: Int, quantity: Int, ts: Int, columns: dict[str, Float]) -> None:
        """Of n hours of servers, each within a bucket (n,) and ordered by ts (n,): the counts, and what else is
        kept.
        """
        group = self._question.group[np.searchsorted(self._question.servers, server)]
        cell = group * self.buckets + bucket
        for name in self._question.shown:
            of = quantity == self._question.quantities[name]
            values = {column: columns[column][of] for column in self._needs.kept}
            self._partials[name].add(fold(Summary(cell[of], columns["count"][of], values, ts[of], ts[of])))

    def close(self, until: int) -> Piece:
        """The rows of buckets that end by then, ordered by bucket and group; they leave."""
        closing = int(np.searchsorted(self.edges[1:], until, "right"))
        piece = self._rows(closing)
        if closing:
            self._move(closing, self.edges[closing:] if closing < self.buckets else self.edges[:0])
        return piece

    def _add_column(self, rows: ServerRows, name: str, positions: Int) -> None:
        ts, values = rows.ts, rows.values[name]
        absent = np.isnan(values)
        if absent.any():
            ts, values = ts[~absent], values[~absent]
            positions = np.searchsorted(ts, self.edges)
        if not len(ts):
            return
        base = self._group[rows.server] * self.buckets
        if self._partials:
            self._partials[name].add(summarize(ts, values, positions, base, self._needs.kept))
        if self._lines:
            self._lines[name].add(rows.server, ts, values, self.edges, base, self._gap[rows.server])
        if self._ranks:
            cell = np.repeat(np.arange(self.buckets) + base, np.diff(positions))
            self._ranks[name].add(cell, values[positions[0] : positions[-1]])

    def _edges(self, low: int, high: int) -> Int:
        question = self._question
        if question.interval is None:
            return np.array([self._beginning, question.end])
        return calendar.edges(question.interval, question.zone, low, high)

    def _move(self, drop: int, edges: Int) -> None:
        groups, before, width = self._question.groups, self.buckets, max(0, len(edges) - 1)
        for partials in self._partials.values():
            partials.move(groups, drop, width)
        for lines in self._lines.values():
            lines.move(groups, drop, width)
        if self._ranks:
            group, bucket = np.divmod(np.arange(groups * before), max(1, before))
            moved = np.where(bucket >= drop, group * width + bucket - drop, -1)
            for ranks in self._ranks.values():
                ranks.shift(moved)
        self.edges = edges

    def _rows(self, closing: int) -> Piece:
        groups = self._question.groups
        columns: dict[str, Float] = {}
        for name in self._question.shown:
            for function in self._question.functions:
                cells = self._result(name, function).reshape(groups, -1)[:, :closing] if closing else np.empty(0)
                columns[key_of(name, function, self._question.functions)] = cells.T.reshape(-1)
        ts, label = np.repeat(self.edges[:closing], groups), np.tile(np.arange(groups), closing)
        found = np.zeros(len(ts), np.bool_)
        for column in columns.values():
            found |= ~np.isnan(column)
        return Piece(ts, label, columns).take(found)

    def _result(self, name: str, function: str) -> Float:
        fraction = fraction_of(function)
        if fraction is not None:
            return self._ranks[name].results([fraction], self._question.groups * self.buckets)[fraction]
        if function in LINES:
            return self._lines[name].result(function)
        if function == "coverage":
            return self._coverage(name)
        return self._partials[name].result(function)

    def _coverage(self, name: str) -> Float:
        question = self._question
        begins = np.maximum(self.edges[:-1], question.start)
        ends = np.minimum(np.minimum(self.edges[1:], question.end), question.now)
        seconds = np.maximum(ends - begins, 0) / SECOND
        intervals = question.intervals if question.intervals is not None else np.ones(len(question.servers))
        rates = np.bincount(question.group, 1 / intervals, question.groups)
        count = self._partials[name].count
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.minimum(count / np.outer(rates, seconds).reshape(-1), 1.0)
        return np.where(count > 0, share, np.nan)


EVERYTHING = MAX_TS + 1
"""Closes all buckets."""
