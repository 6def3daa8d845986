"""Readings of known servers, on their way to PostgreSQL: one, or many as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


class Reading(NamedTuple):
    """One reading: which server (its number), when (microseconds since 1970, UTC), what (at least one value)."""

    server_id: int
    ts: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """n readings as columns: server numbers (n,), microseconds since 1970 (n,), and a float64 (n,) for each quantity
    that occurs, NaN where a reading has none.
    """

    server: Int
    ts: Int
    values: dict[str, Float]

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: npt.NDArray[np.bool_] | Int) -> "Rows":
        """The rows at these positions, or where the mask is true."""
        values = {name: column[which] for name, column in self.values.items()}
        return Rows(self.server[which], self.ts[which], values)

    def between(self, start: int, stop: int) -> "Rows":
        """The rows from one position to before another, as views."""
        part = slice(start, stop)
        return Rows(self.server[part], self.ts[part], {name: column[part] for name, column in self.values.items()})

    def reading(self, position: int) -> Reading:
        """One of the rows."""
        values = {name: float(column[position]) for name, column in self.values.items()}
        present = {name: value for name, value in values.items() if value == value}
        return Reading(int(self.server[position]), int(self.ts[position]), present)


EMPTY = Rows(np.empty(0, np.int64), np.empty(0, np.int64), {})


def rows_of(readings: Sequence[Reading]) -> Rows:
    """Single readings as columns, in their order."""
    names = dict.fromkeys(name for reading in readings for name in reading.values)
    nan = float("nan")
    return Rows(
        np.fromiter((reading.server_id for reading in readings), np.int64, len(readings)),
        np.fromiter((reading.ts for reading in readings), np.int64, len(readings)),
        {
            name: np.fromiter((reading.values.get(name, nan) for reading in readings), np.float64, len(readings))
            for name in names
        },
    )


def concatenate(parts: Sequence[Rows]) -> Rows:
    """One after the other; a quantity that a part does not have is absent there."""
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(name for part in parts for name in part.values)
    return Rows(
        np.concatenate([part.server for part in parts]),
        np.concatenate([part.ts for part in parts]),
        {name: np.concatenate([part.values.get(name, _absent(len(part))) for part in parts]) for name in names},
    )


def _absent(count: int) -> Float:
    return np.full(count, np.nan)
