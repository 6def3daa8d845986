"""Levels: on which side of a bound values stand."""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from app.alerts.conditions.batch import Float, Phases


@dataclass(frozen=True, slots=True)
class Levels:
    """Fires outside [low, high], or `within` it; what fired ends when the value is `hysteresis` back behind the bound.

    Above 30 is outside (-inf, 30].
    """

    low: float = -np.inf
    high: float = np.inf
    within: bool = False
    hysteresis: float = 0.0

    def sides(self, values: Float) -> Phases:
        """1 beyond, -1 back, 0 between the two, where nothing begins and nothing ends; (n,)."""
        if self.within:
            beyond = (values >= self.low) & (values <= self.high)
            back = (values < _moved(self.low, -self.hysteresis)) | (values > _moved(self.high, self.hysteresis))
        else:
            beyond = (values < self.low) | (values > self.high)
            back = (values >= _moved(self.low, self.hysteresis)) & (values <= _moved(self.high, -self.hysteresis))
        return beyond.view(np.int8) - back.view(np.int8)

    def excess(self, values: Float) -> Float:
        """How far beyond the nearer bound values stand, below 0 before it; (n,)."""
        if self.within:
            return np.minimum(values - self.low, self.high - values)
        return np.maximum(self.low - values, values - self.high)

    def shifted(self, by: float) -> "Levels":
        """Levels that fire where these are exceeded by more than `by`."""
        sign = 1 if self.within else -1
        return replace(self, low=_moved(self.low, sign * by), high=_moved(self.high, -sign * by))


def _moved(bound: float, by: float) -> float:
    """In decimals, as people write them: 0.3 less 0.1 is 0.2."""
    if not by or not np.isfinite(bound):
        return bound
    return float(Decimal(repr(float(bound))) + Decimal(repr(float(by))))
