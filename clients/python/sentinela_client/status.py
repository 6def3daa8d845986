"""How a Sender fares."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Status:
    """A moment's view; counts are readings."""

    waiting: int
    """On disk, and not yet acknowledged."""
    dead_letters: int
    """Refused for good, kept until they are sent again or discarded."""
    bytes_used: int
    """Of the buffer's bound."""
    acknowledged: int
    """Since this Sender was opened."""
    last_acknowledged_at: datetime | None
    trouble: str | None
    """Why nothing gets through just now; None while all is well."""
