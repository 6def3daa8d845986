"""Shapes of presence on the wire."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant, QueryInstant


class Presence(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    status: Literal["online", "offline"]
    last_seen: Instant | None = Field(description="When something last arrived; null: never.")


class Interval(BaseModel):
    """A time in which a server was online or offline."""

    status: Literal["online", "offline"]
    started_at: Instant = Field(description="Its first arrival after a silence, or when its limit had passed.")
    ended_at: Instant | None = Field(description="Null: it goes on.")
    seconds: float = Field(description="How long, seconds; until now when it goes on.", examples=[86400.0])
    platform_outage_seconds: float = Field(
        description="How much of that nothing could arrive, because Sentinela itself was out; counted as no silence.",
        examples=[0.0],
    )


class HistoryQuery(BaseModel):
    """Which intervals: those that touch this range, both bounds inclusive."""

    start_time: QueryInstant | None = Field(default=None, description="Only what lasted until then or later.")
    end_time: QueryInstant | None = Field(default=None, description="Only what had begun by then.")

    @model_validator(mode="after")
    def _in_order(self) -> "HistoryQuery":
        if self.start_time and self.end_time and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        return self
