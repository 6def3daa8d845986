"""Shapes of backtests on the wire."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.alerts.condition_schemas import EXAMPLE, Condition
from app.alerts.rule_schemas import Judged, Ulid
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.numbers import Measure, Whole


class Wanted(BaseModel):
    """How often the rule may fire, over all of its servers together."""

    model_config = ConfigDict(extra="forbid")

    incidents: Measure = Field(ge=0, le=1_000_000, description="At most so many.", examples=[2])
    per: Literal["day", "week", "month"] = "week"


class BacktestRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "rule": {"condition": EXAMPLE, "server_ulids": [ULID_EXAMPLE]},
                "start_time": "2026-01-01T00:00:00Z",
                "end_time": "2026-01-31T23:59:59Z",
                "wanted": {"incidents": 2, "per": "week"},
            }
        },
    )

    rule: Judged | None = Field(default=None, description="A rule that need not exist; this or `rule_id`.")
    rule_id: Ulid | None = Field(default=None, description="A rule of the workspace; this or `rule`.")
    start_time: Instant = Field(description="The rule begins here, as one that was made at this instant.")
    end_time: Instant | None = Field(default=None, description="Inclusive; null: now.")
    flap_seconds: Measure = Field(
        default=300, ge=0, le=86_400, description="An incident that begins so soon after the one before is a flap."
    )
    max_incidents: Annotated[Whole, Field(ge=0, le=500)] = Field(
        default=50, description="How many incidents to list, the newest; all are counted."
    )
    job: bool = Field(default=False, description="Make it a job, however small it is.")
    wanted: Wanted | None = Field(
        default=None, description="Suggest levels at which the rule would fire no more often than this."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.rule is None) == (self.rule_id is None):
            raise PydanticCustomError("rule_or_id", "Give either rule or rule_id")
        if self.end_time is not None and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        return self


class Behind(BaseModel):
    """A reading behind an incident; of a rate or a deviation the value is that."""

    timestamp: Instant
    value: float = Field(examples=[61.2])


class PastIncident(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    since: Instant = Field(description="Since when the condition had held.")
    opened_at: Instant
    resolved_at: Instant | None = Field(description="Null: it was still open at the end of the range.")
    seconds: float = Field(description="How long it was open, within the range.", examples=[1260.0])
    value: float | None = Field(description="What decided; null: silence, or the schedule.", examples=[61.2])
    peak: float | None = Field(description="The value that went furthest beyond the level.", examples=[67.9])
    peak_at: Instant | None
    readings: list[Behind] = Field(description="Those that made it fire, at most 20, from `since` to `opened_at`.")
    data: str = Field(
        description="All readings of its time, as a query that can be sent.",
        examples=["/data?server_ulid=01KA2V0C8T3J9X5N7Q1W4Z6Y8B&start_time=2026-01-31T12%3A00%3A00Z"],
    )


class Firing(BaseModel):
    """How often and how long it would have fired."""

    count: int = Field(examples=[17])
    per_week: float = Field(examples=[3.84])
    flaps: int = Field(description="Incidents that began within `flap_seconds` of the one before.", examples=[3])
    open_at_end: int = Field(examples=[0])
    total_seconds: float = Field(examples=[26_460.0])
    longest_seconds: float | None = Field(examples=[9120.0])
    median_seconds: float | None = Field(examples=[840.0])


class Coverage(BaseModel):
    """How much of the range there are readings of, of what the rule looks at."""

    readings: int = Field(examples=[2_678_400])
    first_reading: Instant | None
    last_reading: Instant | None
    silent_seconds: float = Field(
        description="Silences longer than the rule's `no_data_seconds`, of all servers together.", examples=[7200.0]
    )
    share: float = Field(description="The share of the range, over all servers, that was not silent.", examples=[0.997])


class ServerFiring(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    count: int = Field(examples=[17])
    total_seconds: float = Field(examples=[26_460.0])
    readings: int = Field(examples=[2_678_400])
    share: float = Field(description="As in `coverage`.", examples=[0.997])


class DayFiring(BaseModel):
    day: str = Field(description="Of UTC.", examples=["2026-01-31"])
    count: int = Field(examples=[2])


class Suggestion(BaseModel):
    """The most sensitive levels that fire no more often than was wanted."""

    condition: Condition
    count: int = Field(description="How often it would have fired over the range.", examples=[8])
    per_week: float = Field(examples=[1.81])


class BacktestReport(BaseModel):
    start_time: Instant
    end_time: Instant = Field(description="Inclusive.")
    servers: int = Field(examples=[1])
    firing: Firing
    coverage: Coverage
    by_day: list[DayFiring] = Field(description="Days on which it would have fired.")
    by_server: list[ServerFiring] = Field(description="At most 100, those first where it would have fired most often.")
    incidents: list[PastIncident] = Field(description="The newest first.")
    suggestion: Suggestion | None = Field(
        description="With `wanted`, for a rule of one condition with levels; null also where there is none."
    )
    took_seconds: float = Field(examples=[1.42])
