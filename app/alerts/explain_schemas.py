"""Shapes of explanations on the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from app.alerts.condition_schemas import Simple
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant

RuleStateName = Literal["nodata", "ok", "pending", "firing"]


class ConditionState(BaseModel):
    """Where one condition stands with the server."""

    condition: Simple
    state: RuleStateName = Field(
        description="`pending`: it has not held for long enough; `nodata`: nothing is known of the quantity."
    )
    holds: bool = Field(description="Whether it counts as true.", examples=[False])
    value: float | None = Field(
        description="What was last held against the levels: the reading, the rate or the score; of `offline` 0 or 1.",
        examples=[61.2],
    )
    last_reading: Instant | None = Field(description="When that was measured.")
    since: Instant | None = Field(description="Since when it has been beyond the level, or silent.")
    held_seconds: float | None = Field(description="For how long, by the readings' own time.", examples=[42.0])
    needed_seconds: float = Field(description="How long it must be so.", examples=[60.0])


class ScheduleState(BaseModel):
    active: bool = Field(description="Whether the rule matters now.", examples=[False])
    begins: Instant | None = Field(description="When it matters again, when it does not now.")


class Explained(BaseModel):
    """Why a rule fires at a server, or why it does not."""

    rule_id: str = Field(examples=[ULID_EXAMPLE])
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    enabled: bool = Field(description="When not, the last hour is judged as if it were.", examples=[True])
    at: Instant
    state: RuleStateName = Field(
        description="Of the whole: `pending` also while it waits for the schedule or for the other conditions."
    )
    since: Instant | None = Field(description="When it fires: since when its condition has held.")
    incident_id: str | None = Field(description="What it has open at the server.", examples=[ULID_EXAMPLE])
    schedule: ScheduleState | None = Field(description="Null: it always matters.")
    conditions: list[ConditionState]
