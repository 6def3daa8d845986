"""Shapes of conditions and schedules on the wire."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.numbers import Measure, Whole
from app.core.zones import Zone

DAY = 86_400
# A week: whoever wants to know of more looks at a report.
_HOLD = Field(
    default=0, ge=0, le=7 * DAY, description="For how long without a break, seconds, before it fires.", examples=[60]
)
Quantity = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="One of `GET /quantities`.", examples=["humidity"]),
]
LEVELS = ("above", "below", "outside", "inside")


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Band(Shape):
    """From `low` to `high`, both of it."""

    low: Measure = Field(examples=[18])
    high: Measure = Field(examples=[27])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise PydanticCustomError("band_order", "low must be less than high")
        return self


class Levels(Shape):
    """Exactly one of `above`, `below`, `outside` and `inside`."""

    above: Measure | None = Field(default=None, description="Fires above this.", examples=[60])
    below: Measure | None = Field(default=None, description="Fires below this.", examples=[None])
    outside: Band | None = Field(default=None, description="Fires outside of this.", examples=[None])
    inside: Band | None = Field(default=None, description="Fires within this, its bounds included.", examples=[None])
    hysteresis: Measure = Field(
        default=0,
        ge=0,
        description="How far back behind the bound it must be before it ends, in the same unit.",
        examples=[5],
    )
    hold_seconds: Measure = _HOLD
    no_data_seconds: Measure = Field(
        default=3600,
        ge=1,
        le=7 * DAY,
        description=(
            "After so long without a reading of the quantity nothing is known of it (state `nodata`): a hold begins "
            "anew, and what fired stays. Longer than the slowest sensor's interval."
        ),
        examples=[3600],
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if sum(getattr(self, name) is not None for name in LEVELS) != 1:
            raise PydanticCustomError("one_level", "Give exactly one of above, below, outside and inside")
        if self.outside is not None and 2 * self.hysteresis > self.outside.high - self.outside.low:
            raise PydanticCustomError("hysteresis_room", "hysteresis leaves no value between low and high to end at")
        return self


class ThresholdCondition(Levels):
    """A quantity stands beyond a level."""

    kind: Literal["threshold"]
    quantity: Quantity


class RateCondition(Levels):
    """A quantity changes faster than a level, measured over a window that ends at each reading."""

    kind: Literal["rate"]
    quantity: Quantity
    per: Literal["second", "minute", "hour", "day"] = Field(
        default="minute", description="The levels are change of the quantity in this time."
    )
    window_seconds: Measure = Field(
        default=300,
        ge=1,
        le=DAY,
        description="Compared with the reading so long before; readings must span at least half of it.",
        examples=[300],
    )


class DeviationCondition(Levels):
    """A quantity is unusual for the hour of the day; the levels are robust standard deviations (a z-score).

    Compared with the same hour of past days on the local clock: with the median of that hour's means, in units of
    1.4826 times their median absolute deviation and of the spread within the hours.
    """

    kind: Literal["deviation"]
    quantity: Quantity
    days: Annotated[Whole, Field(ge=3, le=90)] = Field(
        default=14,
        description="Past days to compare with; half of them, and three, must have readings at the hour.",
        examples=[14],
    )
    zone: Zone = Field(default="UTC", description="Whose hours of the day are meant.")


class OfflineCondition(Shape):
    """The server is offline, by its own limit; Sentinela's own outages do not count."""

    kind: Literal["offline"]
    hold_seconds: Measure = _HOLD


class NoDataCondition(Shape):
    """No reading of the quantity, though it was sent before: neither by its instant nor by its arrival."""

    kind: Literal["nodata"]
    quantity: Quantity
    for_seconds: Measure = Field(
        default=300, ge=1, le=7 * DAY, description="For how long, seconds, before it fires.", examples=[300]
    )


Simple = Annotated[
    ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition,
    Field(discriminator="kind"),
]
_PARTS = Field(min_length=2, max_length=8, description="At one server, each with a hold of its own.")


class AllCondition(Shape):
    """Every one of these at once."""

    kind: Literal["all"]
    conditions: list[Simple] = _PARTS


class AnyCondition(Shape):
    """At least one of these."""

    kind: Literal["any"]
    conditions: list[Simple] = _PARTS


Condition = Annotated[
    ThresholdCondition
    | RateCondition
    | DeviationCondition
    | OfflineCondition
    | NoDataCondition
    | AllCondition
    | AnyCondition,
    Field(discriminator="kind"),
]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Schedule(Shape):
    """When a rule matters: from `start` of each of these weekdays until the next `end`.

    Outside of it the rule is judged, but does not fire, and what is open ends; where its condition holds when the
    schedule begins it fires then.
    """

    zone: Zone = "UTC"
    weekdays: list[Weekday] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], min_length=1, max_length=7, examples=[["mon", "fri"]]
    )
    start: Annotated[str, Field(pattern=_TIME, examples=["08:00"])] = "00:00"
    end: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", examples=["18:00"])] = Field(
        default="24:00", description="Not later than `start`: of the next day."
    )

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("schedule_hours", "start and end must differ; a whole day is 00:00 to 24:00")
        self.weekdays = list(dict.fromkeys(self.weekdays))
        return self


Json = dict[str, Any]
EXAMPLE: Json = {
    "kind": "threshold",
    "quantity": "humidity",
    "above": 60,
    "hysteresis": 5,
    "hold_seconds": 60,
}
