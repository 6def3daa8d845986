"""Why a rule fired or ended: the trace that its incident keeps."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.alerts.conditions import NEVER
from app.core import clock

# In the place of the number of the condition that decided.
SCHEDULE, LATE_READING, OUT_OF_SCOPE = -1, -2, -3
_OTHERS = {SCHEDULE: "schedule", LATE_READING: "late reading", OUT_OF_SCOPE: "out of scope"}


def trace_of(condition: Mapping[str, Any], by: int, at: int, since: int, value: float) -> dict[str, Any]:
    """Why: the condition, which of its parts decided (or the schedule), by what value, since when it had held."""
    found: dict[str, Any] = {"condition": dict(condition)}
    if since != NEVER:
        found |= {"since": clock.format_microseconds(since), "held_seconds": (at - since) / 1_000_000}
    if np.isfinite(value):
        found["value"] = value
    if by < 0:
        found["by"] = _OTHERS[by]
    elif "conditions" in condition:
        found["by"] = condition["conditions"][by]
    return found
