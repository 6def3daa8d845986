"""What imports and exports are told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import MAX_NAME, NO_CONTROL_CHARACTERS
from app.readings import formats
from app.readings.quantities import NAMES
from app.readings.questions import DataQuery, Format


def _column(default: str, meaning: str) -> str:
    field: str = Field(
        default=default, min_length=1, max_length=MAX_NAME, pattern=NO_CONTROL_CHARACTERS, description=meaning
    )
    return field


class ImportOptions(BaseModel):
    """Which column of the file is what."""

    model_config = ConfigDict(extra="forbid")

    server_column: str = _column("server_ulid", "Column with the server's ULID or name; in NDJSON the keys are fixed.")
    timestamp_column: str = _column("timestamp", "Column with the instant, ISO 8601; without an offset UTC.")
    temperature_column: str = _column("temperature", "Column with the temperature, °C.")
    humidity_column: str = _column("humidity", "Column with the humidity, %.")
    voltage_column: str = _column("voltage", "Column with the voltage, V.")
    current_column: str = _column("current", "Column with the current, A.")
    create_servers: bool = Field(
        default=False, description="Register servers that the workspace does not have; needs the scope admin."
    )

    other_columns: Literal["ignore", "quantities"] = Field(
        default="ignore", description="What columns that are not named above are: nothing, or custom quantities."
    )

    def decoding(self) -> formats.Options:
        """As the decoders take them."""
        columns = {name: getattr(self, f"{name}_column") for name in NAMES}
        return formats.Options(
            self.server_column,
            self.timestamp_column,
            columns,
            timestamp_required=True,
            mapped_only=self.other_columns == "ignore",
        )


class ExportRequest(DataQuery):
    """What to write, as `GET /data` is asked for it, and in which form."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-31T23:59:59Z", "format": "parquet"}
        }
    )

    format: Format = Field(default="csv", description="The form of the file.")
    # A file has no pages and no estimate.
    limit: None = None
    cursor: None = None
    explain: Literal[False] = False

    def query(self) -> DataQuery:
        """The same question without its form."""
        return DataQuery.model_validate(self.model_dump(exclude_unset=True, exclude={"format"}))
