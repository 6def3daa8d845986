"""What maintenance is told."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import QueryInstant


class DeletionQuery(BaseModel):
    """Which readings are to be deleted."""

    model_config = ConfigDict(extra="forbid")

    server_ulid: str = Field(max_length=100, description="Of this server.", examples=[ULID_EXAMPLE])
    start_time: QueryInstant | None = Field(default=None, description="Not before this instant (inclusive).")
    end_time: QueryInstant | None = Field(default=None, description="Not after this instant (inclusive).")
    sensor_type: str | None = Field(
        default=None,
        max_length=63,
        description="Only this quantity; readings that have no other go as a whole.",
        examples=["temperature"],
    )

    @model_validator(mode="after")
    def _names_a_range(self) -> Self:
        if self.start_time is None and self.end_time is None:
            raise PydanticCustomError("needs_range", "Give start_time, end_time or both")
        if self.start_time and self.end_time and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        return self


class SealQuery(BaseModel):
    """Which hours are to be sealed."""

    model_config = ConfigDict(extra="forbid")

    lag_minutes: int | None = Field(
        default=None,
        ge=0,
        le=10_080,
        description="Hours that ended at least so long ago; by default the setting SEAL_LAG_MINUTES.",
    )
