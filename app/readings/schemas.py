"""Shapes of readings on the wire."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from app.core.errors import FieldError
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant, QueryInstant
from app.readings.quantities import HUGE, NAMES, QUANTITIES

MAX_REJECTED_SHOWN = 1000


def _only_numbers(value: Any) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise PydanticCustomError("extra_forbidden", "Extra inputs are not permitted")
    return value


_Measured = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-HUGE, le=HUGE)]
CustomValue = Annotated[_Measured | None, BeforeValidator(_only_numbers)]


class _ReadingIn(BaseModel):
    """Any further numeric key is a custom quantity."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, CustomValue] = Field(init=False)

    server_ulid: str = Field(max_length=100, examples=[ULID_EXAMPLE])
    timestamp: Instant | None = Field(
        default=None, description="When it was measured, ISO 8601; without an offset UTC, without a value: now."
    )

    @property
    def values(self) -> dict[str, float]:
        """What was measured, custom quantities included."""
        sent = {name: getattr(self, name) for name in NAMES} | self.__pydantic_extra__
        return {name: value for name, value in sent.items() if value is not None}

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if not self.values:
            names = ", ".join(NAMES)
            raise PydanticCustomError("no_value", "Send at least one value: {names}", {"names": names})
        return self


def _value_fields() -> dict[str, Any]:
    return {
        quantity.name: (
            float | None,
            Field(
                default=None,
                strict=True,
                allow_inf_nan=False,
                ge=quantity.minimum,
                le=quantity.maximum,
                description=quantity.unit,
                examples=[quantity.example],
            ),
        )
        for quantity in QUANTITIES
    }


ReadingIn = create_model("ReadingIn", __base__=_ReadingIn, **_value_fields())
"""One reading as it is sent."""

StoredReading = create_model(
    "StoredReading",
    timestamp=(Instant, Field(examples=["2026-01-31T12:00:00Z"])),
    server_ulid=(str, Field(examples=[ULID_EXAMPLE])),
    **{quantity.name: (float, Field(default=None, examples=[quantity.example])) for quantity in QUANTITIES},  # type: ignore[call-overload]
)
"""A reading as it stands in the database; values that were never sent are left out."""


def _result_fields() -> dict[str, Any]:
    return {quantity.name: (float | None, Field(default=None, examples=[quantity.example])) for quantity in QUANTITIES}


Result = create_model(
    "Result",
    timestamp=(Instant, Field(description="Start of the interval.", examples=["2026-01-31T12:00:00Z"])),
    server_ulid=(str, Field(default=None, description="With group_by=server.", examples=[ULID_EXAMPLE])),
    group=(str, Field(default=None, description="With group_by=tag:…: the tag's value.", examples=["Lisboa"])),
    **_result_fields(),
)
"""What was computed of one interval; nothing known is left out, or null with `fill`. With several functions the keys
read `temperature_max`.
"""


class Estimate(BaseModel):
    servers: int = Field(examples=[1])
    segments: int = Field(description="Sealed hours of servers.", examples=[24])
    segments_decoded: int = Field(description="Those whose statistics do not do.", examples=[24])
    readings: int = Field(examples=[86400])
    hot_readings: int = Field(description="Those that are not sealed yet.", examples=[3600])
    rows: int = Field(description="Rows of the answer, at most.", examples=[1440])
    seconds: float = Field(description="Roughly.", examples=[0.02])


class Explanation(BaseModel):
    """What a query would read."""

    estimate: Estimate
    budget_seconds: int = Field(description="What the role may spend on one query.", examples=[10])
    first_reading: Instant | None = Field(examples=["2026-01-31T12:00:00Z"])
    last_reading: Instant | None = Field(examples=["2026-01-31T12:00:00Z"])
    columns: list[str] = Field(examples=[["temperature"]])
    cached: bool = Field(description="Whether the answer is remembered.", examples=[False])


class Rejected(BaseModel):
    index: int = Field(description="Position in the request, from 0.", examples=[17])
    detail: str = Field(examples=["temperature: Input should be a finite number"])


class Receipt(BaseModel):
    """What became of a batch."""

    accepted: int = Field(description="Instants that are new.", examples=[997])
    duplicates: int = Field(description="Readings that said what was known.", examples=[2])
    updated: int = Field(description="Readings that filled in or changed values of a known instant.", examples=[0])
    rejected_count: int = Field(examples=[1])
    rejected: list[Rejected] = Field(description=f"The first {MAX_REJECTED_SHOWN} rejected readings.")


class QuantityRead(BaseModel):
    name: str = Field(examples=["temperature"])
    unit: str | None = Field(description="Null where nobody said.", examples=["°C"])
    custom: bool = Field(description="Sent first by one of the workspace's servers.", examples=[False])


class LatestQuery(BaseModel):
    """Filters of `GET /data/latest`, each optional."""

    model_config = ConfigDict(extra="forbid")

    server_ulid: list[str] = Field(
        default=[], max_length=1000, description="Only these servers; repeat for several. None: all of the workspace's."
    )
    sensor_type: list[Annotated[str, Field(max_length=63, examples=["temperature"])]] = Field(
        default=[], max_length=20, description="Only these quantities, and servers that have one; repeat for several."
    )


class LatestValue(BaseModel):
    timestamp: Instant
    value: float = Field(examples=[25.3])


class LatestOfServer(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    values: dict[str, LatestValue] = Field(
        description="By quantity.",
        examples=[{"temperature": {"timestamp": "2026-01-31T12:00:00Z", "value": 25.3}}],
    )


_RANGE = re.compile(r"([a-z][a-z0-9_]{0,62}):(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)", re.ASCII)


def _is_range(value: str) -> str:
    found = _RANGE.fullmatch(value)
    if not found or float(found[2]) > float(found[3]):
        raise PydanticCustomError("value_range", "Must be a quantity and its range, such as temperature:-10..60")
    return value


class QualityQuery(LatestQuery):
    """Parameters of `GET /data/quality`, each optional."""

    start_time: QueryInstant | None = Field(
        default=None, description="Not before this instant (inclusive); without it a day before the end."
    )
    end_time: QueryInstant | None = Field(
        default=None, description="Not after this instant (inclusive); without it, and at the latest, now."
    )
    plausible: list[
        Annotated[str, AfterValidator(_is_range), Field(max_length=120, examples=["temperature:-10..60"])]
    ] = Field(
        default=[],
        max_length=20,
        description="The range of a quantity outside which a value counts as out of range; repeat for several. Known "
        "quantities have a default: what sensors can measure.",
    )
    stuck_after: int = Field(
        default=3600, ge=1, le=31_536_000, description="A value that has not changed for so many seconds is stuck."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.start_time and self.end_time and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        return self

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The plausible ranges by quantity."""
        found = [match for text in self.plausible if (match := _RANGE.fullmatch(text))]
        return {match[1]: (float(match[2]), float(match[3])) for match in found}


class Stretch(BaseModel):
    start_time: Instant
    end_time: Instant
    value: float | None = Field(default=None, description="The value that did not change.", examples=[25.3])
    readings: int | None = Field(default=None, description="How many had it.", examples=[7200])


class Stretches(BaseModel):
    count: int = Field(examples=[1])
    seconds: float = Field(description="All of them together.", examples=[7200.0])
    longest: list[Stretch] = Field(description="The longest, at most 20.")


class QuantityQuality(BaseModel):
    readings: int = Field(examples=[86_012])
    minimum: float = Field(examples=[19.8])
    maximum: float = Field(examples=[27.1])
    out_of_range: int = Field(description="Values outside the plausible range.", examples=[0])
    stuck: Stretches


class Lag(BaseModel):
    least: float = Field(examples=[0.02])
    mean: float = Field(examples=[0.11])
    largest: float = Field(examples=[63.5])


class ArrivalsRead(BaseModel):
    """What arrived in the hours of the period, by the hour of arrival."""

    received: int = Field(description="Readings that were stored, duplicates included.", examples=[86_020])
    duplicates: int = Field(description="Readings that said what was known.", examples=[8])
    rejected: int = Field(description="Readings refused that came with the server's own key.", examples=[0])
    late: int = Field(description="Readings that came more than a minute after their instant.", examples=[3])
    lag_seconds: Lag | None = Field(description="From a reading's instant to its arrival.")
    clock_ahead_seconds: float | None = Field(
        description="How far the device's clock is ahead at least: readings came so long before their instant.",
        examples=[0.0],
    )


class QualityOfServer(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    start_time: Instant
    end_time: Instant
    interval_seconds: float | None = Field(
        description="Time between two readings: declared, else the median; null: unknown.", examples=[1.0]
    )
    interval_declared: bool = Field(examples=[True])
    readings: int = Field(description="Instants that have a reading.", examples=[86_012])
    expected: int | None = Field(description="What the interval makes of the period.", examples=[86_400])
    completeness: float | None = Field(description="Readings of those expected, 0 to 1.", examples=[0.995509])
    gaps: Stretches = Field(description="Stretches of more than three intervals without a reading.")
    quantities: dict[str, QuantityQuality] = Field(
        examples=[
            {
                "temperature": {
                    "readings": 86_012,
                    "minimum": 19.8,
                    "maximum": 27.1,
                    "out_of_range": 0,
                    "stuck": {"count": 0, "seconds": 0.0, "longest": []},
                }
            }
        ]
    )
    arrivals: ArrivalsRead | None = Field(description="Null where nothing was counted in the period.")


@dataclass(frozen=True, slots=True)
class Fault:
    """A reading of a batch that was refused."""

    index: int
    error: FieldError
