"""Shapes of incidents and silences on the wire."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.alerts.rule_schemas import Severity, Tag, Ulid
from app.core import clock
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import FutureInstant, Instant, QueryInstant
from app.core.text import NO_CONTROL_CHARACTERS

IncidentState = Literal["open", "acknowledged", "resolved"]
SilenceState = Literal["pending", "active", "ended"]
# Whoever wants silence for longer should delete the rule.
MAX_SILENCE = timedelta(days=366)
_ID = Annotated[str, Field(max_length=100, pattern=NO_CONTROL_CHARACTERS)]


class IncidentFilter(BaseModel):
    """Which incidents are asked for; a filter that is left out lets all through."""

    state: list[IncidentState] = Field(default=[], description="In one of these states; repeat it for several.")
    severity: list[Severity] = Field(default=[], description="Of one of these severities; repeat it for several.")
    server_ulid: _ID | None = Field(default=None, description="Of this server.")
    rule_id: _ID | None = Field(default=None, description="Of this rule.")
    start_time: QueryInstant | None = Field(default=None, description="Opened at this instant or later.")
    end_time: QueryInstant | None = Field(default=None, description="Opened at this instant or earlier.")

    @model_validator(mode="after")
    def _in_order(self) -> "IncidentFilter":
        if self.start_time and self.end_time and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        return self


class IncidentRead(BaseModel):
    incident_id: str = Field(examples=[ULID_EXAMPLE])
    rule_id: str = Field(examples=[ULID_EXAMPLE])
    rule_name: str = Field(description="As it was called then.", examples=["damp"])
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(description="As it was called then.", examples=["Dolly #1"])
    severity: Severity
    state: IncidentState
    opened_at: Instant
    resolved_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None = Field(examples=["ana"])
    resolved_by: str | None = Field(description="Who ended it by hand; null: the rule did.", examples=[None])
    reopened: int = Field(description="How often it began again soon after its end (`reopen_seconds`).", examples=[0])
    silenced_until: Instant | None = Field(description="Until when nothing is told of it; null: it is not silenced.")
    why: dict[str, Any] = Field(
        description="The condition, the value that decided, since when it stood beyond, and for how long.",
        examples=[{"value": 61.2, "since": "2026-01-31T12:00:00Z", "held_seconds": 60.0}],
    )


class TimelineEntry(BaseModel):
    at: Instant
    event: Literal[
        "opened", "reopened", "acknowledged", "commented", "resolved", "silenced", "delivered", "delivery_failed"
    ] = Field(description="What happened to it; the last two are attempts to tell of it.")
    actor: str | None = Field(default=None, description="Who; null: the rule itself, or Sentinela.", examples=["ana"])
    text: str | None = Field(
        default=None, description="A remark, a reason, or what went wrong.", examples=["The door was open."]
    )
    why: dict[str, Any] | None = Field(default=None, examples=[{"value": 54.8}])
    told: str | None = Field(
        default=None, description="Of an attempt: which event it was to tell.", examples=["incident.opened"]
    )
    channel_id: str | None = Field(default=None, description="Of an attempt.", examples=[ULID_EXAMPLE])
    channel_name: str | None = Field(default=None, description="Of an attempt.", examples=["operations"])
    notification_id: str | None = Field(default=None, description="Of an attempt.", examples=[ULID_EXAMPLE])


class IncidentDetail(IncidentRead):
    timeline: list[TimelineEntry] = Field(
        description="Oldest first; of one with more than 1,000 lines, or as many attempts, the newest."
    )


class Remark(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": "The door was open."}})

    text: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class SilenceCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reason": "Maintenance of the cold room",
                "tag": {"name": "site", "value": "Lisboa"},
                "starts_at": "2099-01-31T12:00:00Z",
                "until": "2099-01-31T14:00:00Z",
            }
        },
    )

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$", examples=["Maintenance"])]
    server_ulids: list[Ulid] | None = Field(
        default=None, min_length=1, max_length=1000, description="Only of these servers."
    )
    tag: Tag | None = Field(default=None, description="Only of servers that bear this tag.")
    rule_ids: list[Ulid] | None = Field(default=None, min_length=1, max_length=100, description="Only of these rules.")
    severities: list[Severity] | None = Field(
        default=None, min_length=1, max_length=3, description="Only of these severities."
    )
    starts_at: Instant | None = Field(default=None, description="Null: now.")
    until: FutureInstant

    @model_validator(mode="after")
    def _lasts(self) -> "SilenceCreate":
        begins = self.starts_at or clock.now()
        if self.until <= begins:
            raise PydanticCustomError("silence_order", "until must lie after starts_at")
        if self.until - begins > MAX_SILENCE:
            raise PydanticCustomError("silence_length", "A silence ends after its beginning, and within 366 days")
        return self


class SilencePatch(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"until": "2099-01-31T16:00:00Z"}})

    until: FutureInstant = Field(description="When it ends, later or earlier than it would.")


class SilenceRead(BaseModel):
    silence_id: str = Field(examples=[ULID_EXAMPLE])
    reason: str = Field(examples=["Maintenance of the cold room"])
    server_ulids: list[str] | None = Field(examples=[None])
    tag: Tag | None
    rule_ids: list[str] | None = Field(examples=[None])
    severities: list[Severity] | None = Field(examples=[["warning"]])
    starts_at: Instant
    until: Instant
    state: SilenceState
    created_by: str | None = Field(examples=["ana"])
    created_at: Instant
