"""Readings that the system refused for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One reading, kept until it is sent again or discarded."""

    id: int
    reading: dict[str, Any]
    """As it was sent: `server_ulid`, `timestamp`, and values by quantity."""
    reason: str
    """In the system's words."""
    refused_at: datetime
