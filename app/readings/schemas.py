"""Shapes of readings on the wire."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from app.core.errors import FieldError
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
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


@dataclass(frozen=True, slots=True)
class Fault:
    """A reading of a batch that was refused."""

    index: int
    error: FieldError
