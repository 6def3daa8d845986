"""When a rule fires: one pure function over what became known, for many servers at once, live and over history.

Time is the readings' own, so the answer depends on nothing but them, and cutting them into pieces at any instant
changes nothing. `rules` makes a stored rule ready; `evaluating` is the function, made of `stretches` (levels and
holds), `rates`, `usual` (deviations), `silences` (offline and NoData) and `schedules`.
"""

from app.alerts.conditions.batch import (
    FIRING,
    NEVER,
    NO_CHANGES,
    PENDING,
    PHASES,
    Batch,
    Changes,
    HourlyValues,
    Standing,
    Steps,
)
from app.alerts.conditions.evaluating import States, evaluate, warm
from app.alerts.conditions.rules import Rule, compiled

__all__ = [
    "FIRING",
    "NEVER",
    "NO_CHANGES",
    "PENDING",
    "PHASES",
    "Batch",
    "Changes",
    "HourlyValues",
    "Rule",
    "Standing",
    "States",
    "Steps",
    "compiled",
    "evaluate",
    "warm",
]
