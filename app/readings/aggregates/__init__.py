"""What can be asked about the readings of a bucket, over numpy columns.

`partials` holds what adds up from part to part and stands in segments' statistics too; `ranks` the percentiles, which
need every value; `lines` what needs the readings in their order: delta, rate, integral, twa. Their meaning is stated in
docs/queries.md.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

PLAIN = ("mean", "min", "max", "sum", "count", "stddev")
ENDS = ("first", "last")
LINES = ("delta", "rate", "integral", "twa")
NAMES = ("mean", "min", "max", "sum", "count", "first", "last", "median", "stddev", *LINES, "coverage")
# Of nothing there are none; every other function of nothing is nothing.
ZERO_OF_NOTHING = ("count", "coverage")
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)", re.ASCII)


def is_function(name: str) -> bool:
    """Whether this is the name of a function, percentiles from p0.001 to p99.999 included."""
    return name in NAMES or ((fraction := _percentile(name)) is not None and 0 < fraction < 1)


def fraction_of(name: str) -> float | None:
    """Which share of the values lies below, for `median` and percentiles; None for other functions."""
    return 0.5 if name == "median" else _percentile(name)


def _percentile(name: str) -> float | None:
    match = PERCENTILE.fullmatch(name)
    # As PostgreSQL is given it: p99.9 is 0.999, which 99.9 / 100 is not.
    return float(f"{match[1]}e-2") if match else None


# What each function is made of, beside the count.
_COLUMNS = dict.fromkeys(("mean", "sum", "count", "coverage"), ("sum",)) | {"stddev": ("sum", "m2")}
_COLUMNS |= {name: ("sum", name) for name in ("min", "max", *ENDS)}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a query's functions ask of the readings."""

    kept: tuple[str, ...]
    """What is added up of a quantity, of `sum, m2, min, max, first, last`; the statistics of segments have them too.
    Empty where nothing is."""
    ends: bool
    fractions: tuple[float, ...]
    lines: bool
    coverage: bool

    @property
    def statistics_do(self) -> bool:
        """Whether the statistics of a segment can stand for its readings; `ends` only where a group is one server."""
        return not self.fractions and not self.lines


def needs(functions: Collection[str]) -> Needs:
    """What these functions need."""
    fractions = sorted({fraction for name in functions if (fraction := fraction_of(name)) is not None})
    kept = dict.fromkeys(column for name in functions for column in _COLUMNS.get(name, ()))
    return Needs(
        kept=tuple(kept),
        ends=any(name in functions for name in ENDS),
        fractions=tuple(fractions),
        lines=any(name in functions for name in LINES),
        coverage="coverage" in functions,
    )


def key_of(quantity: str, function: str, functions: Sequence[str]) -> str:
    """The name of a result: the quantity's own, with the function when several are asked for."""
    return f"{quantity}_{function}" if len(functions) > 1 else quantity
