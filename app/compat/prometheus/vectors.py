"""What expressions come to: a number at each of t instants, or series of them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.compat.prometheus.errors import CannotEvaluate
from app.compat.prometheus.expressions import NAME

Float = npt.NDArray[np.float64]
Which = npt.NDArray[np.bool_]
Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number (t,) at each instant."""

    values: Float


@dataclass(frozen=True, slots=True)
class Vector:
    """s series: their labels, values (s, t), and at which instants each has one (s, t)."""

    labels: list[Labels]
    values: Float
    present: Which

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: "npt.NDArray[np.int64]") -> "Vector":
        """These series, in this order."""
        return Vector([self.labels[place] for place in which.tolist()], self.values[which], self.present[which])

    def worth_keeping(self) -> "Vector":
        """Without the series that never have a value."""
        some = np.flatnonzero(self.present.any(axis=1))
        return self if len(some) == len(self) else self.take(some)

    def nameless(self) -> "Vector":
        """The series without what they are called. Raises: CannotEvaluate."""
        if not any(NAME in labels for labels in self.labels):
            return self
        named = replace(self, labels=[without(labels, (NAME,)) for labels in self.labels])
        return named.distinct()

    def distinct(self) -> "Vector":
        """Raises: CannotEvaluate where two series have the same labels."""
        if len({key(labels) for labels in self.labels}) < len(self):
            raise CannotEvaluate("Two series of the result have the same labels; select one quantity, or aggregate.")
        return self


Value = Scalar | Vector


def key(labels: Labels) -> tuple[tuple[str, str], ...]:
    """The same for the same labels."""
    return tuple(sorted(labels.items()))


def without(labels: Labels, names: Collection[str]) -> Labels:
    return {name: value for name, value in labels.items() if name not in names}


def only(labels: Labels, names: Collection[str]) -> Labels:
    return {name: value for name, value in labels.items() if name in names}
