"""Shapes of the fleet on the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant

State = Literal["online", "late", "offline"]


class FleetServer(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    tags: dict[str, str] = Field(examples=[{"site": "Lisboa", "rack": "B2"}])
    state: State = Field(
        description="`offline` as `GET /health` says it; `late`: online, but silent for more than half of its limit."
    )
    last_seen: Instant | None = Field(description="When something last arrived; null: never.")
    offline_after_seconds: int = Field(description="Silence after which it counts as offline.", examples=[10])
    measured_at: Instant | None = Field(description="The newest reading's own instant; null: never.")
    values: dict[str, float] = Field(
        description="The newest value of each quantity.", examples=[{"temperature": 25.3, "humidity": 48.2}]
    )
    sparklines: dict[str, list[float | None]] = Field(
        description="A reading of each of the last intervals, oldest first; null where there was none. Empty: silent.",
        examples=[{"temperature": [25.1, None, 25.3]}],
    )


class Fleet(BaseModel):
    now: Instant = Field(description="The database's clock, which `last_seen` is told by.")
    sparkline_seconds: float = Field(description="Length of a sparkline's interval.", examples=[30])
    servers: list[FleetServer]
