"""What a request says about its columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.readings.quantities import NAMES


@dataclass(frozen=True, slots=True)
class Options:
    """Names of columns in CSV, Arrow and Parquet, and the server of readings that name none."""

    server_column: str = "server_ulid"
    timestamp_column: str = "timestamp"
    columns: Mapping[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    """The column of each known quantity."""
    server_ulid: str | None = None
    timestamp_required: bool = False
    """A reading without an instant is a fault; else it gets its arrival's."""
    mapped_only: bool = False
    """Columns of a table that are not named above are passed over; else they are custom quantities."""
