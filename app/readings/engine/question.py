"""A query whose names are resolved, and the pieces of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.readings.engine.conditions import Condition

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

# Wider than any instant that is stored, narrow enough that an hour more or less does not overflow.
MIN_TS, MAX_TS = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Instants are microseconds since 1970, `[start, end)`.

    `servers` (s,) ascends; `group` (s,) is each one's group, whose label is `labels[group]` under `label_key`.
    `quantities` gives the number of every quantity that is shown or that a condition looks at; `shown` are in the order
    of the answer. Without `functions` the answer is readings as stored.
    """

    servers: Int
    group: Int
    labels: Sequence[str | None]
    label_key: str | None
    quantities: dict[str, int]
    shown: tuple[str, ...]
    start: int = MIN_TS
    end: int = MAX_TS
    functions: tuple[str, ...] = ()
    interval: str | None = None
    zone: str = "UTC"
    fill: str = "none"
    conditions: tuple[Condition, ...] = ()
    descending: bool = False
    after: tuple[int, float] | None = None
    """Only what comes behind this instant and label, in the order of the answer; a half: of a label that is gone."""
    max_points: int | None = None
    limit: int | None = None
    gaps: Int | None = None
    """(s,) microseconds without a reading after which nothing is assumed about a server."""
    intervals: Float | None = None
    """(s,) declared seconds between readings."""
    now: int = MAX_TS
    """When it was asked: coverage expects nothing later."""

    @property
    def groups(self) -> int:
        return len(self.labels)

    @property
    def one_server_a_group(self) -> bool:
        return len(self.labels) == len(self.servers)

    @property
    def custom(self) -> tuple[str, ...]:
        """Names of the custom quantities that are read."""
        return tuple(name for name, number in self.quantities.items() if number >= 100)


@dataclass(frozen=True, slots=True)
class Piece:
    """n rows of an answer: instants (n,), the number of each one's label (n,), columns (n,) with NaN for absent."""

    ts: Int
    label: Int
    values: dict[str, Float]

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: Int | npt.NDArray[np.bool_] | slice) -> "Piece":
        return Piece(self.ts[which], self.label[which], {name: column[which] for name, column in self.values.items()})


def join(pieces: Sequence[Piece], names: Sequence[str]) -> Piece:
    """One after the other."""
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        np.concatenate([piece.ts for piece in pieces] or [np.empty(0, np.int64)]),
        np.concatenate([piece.label for piece in pieces] or [np.empty(0, np.int64)]),
        {name: np.concatenate([piece.values[name] for piece in pieces] or [np.empty(0)]) for name in names},
    )
