"""What every format is told about an answer, and how its numbers are rounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.readings.engine.question import Float, Piece

# JSON and CSV of computed values: no float noise (25.3, not 25.299999999999997).
SIGNIFICANT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of an answer, and the label of its rows: its key, and each label's text by number; no key: none.

    `nulls`: absent values are written as null where the format leaves them out otherwise. `computed`: the values are
    results, not readings.
    """

    columns: Sequence[str]
    label_key: str | None = None
    labels: Sequence[str | None] = ()
    nulls: bool = False
    computed: bool = False


class Writer(Protocol):
    """Bytes of an answer: those of every piece, then those of the end; what is left to say is said there."""

    def write(self, piece: Piece) -> bytes: ...

    def end(self) -> bytes: ...


def rounded(values: Float) -> Float:
    """Each of these values (n,) as the float next to its twelve significant digits."""
    magnitude = np.abs(values)
    plain = (magnitude >= 1e-9) & (magnitude < 1e20)
    with np.errstate(all="ignore"):
        exponent = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.where(plain, magnitude, 1.0))).astype(np.int64)
    up, down = 10.0 ** np.maximum(exponent, 0), 10.0 ** np.maximum(-exponent, 0)
    # Whole numbers and powers of ten are exact here, so one division is rounded once.
    result = np.where(exponent >= 0, np.rint(values * up) / up, np.rint(values / down) * down)
    result = np.where(plain, result, values)
    for odd in np.flatnonzero(~plain & (magnitude > 0)):
        result[odd] = float(f"{values[odd]:.{SIGNIFICANT_DIGITS}g}")
    return result
