"""What Prometheus' clients ask with, and the shapes of what they are told."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.compat.prometheus.instants import Duration, Instant
from app.compat.prometheus.parsing import MAX_LENGTH
from app.core.text import NO_CONTROL_CHARACTERS

# Prometheus' own, a series.
MAX_POINTS = 11_000
# Its default, too.
LOOKBACK = 300_000_000
_TIME, _SPAN = "1767225600", "1m"
Expression = Annotated[
    str, Field(max_length=MAX_LENGTH, description="The expression.", examples=["avg_over_time(temperature[5m])"])
]
LabelName = Annotated[str, Field(max_length=100, pattern=NO_CONTROL_CHARACTERS)]


class _Query(BaseModel):
    # Grafana adds what the data source is configured to, such as stats or dedup.
    model_config = ConfigDict(extra="ignore")

    query: Expression
    timeout: Duration | None = Field(default=None, description="Give up after this.", examples=["30s"])
    lookback_delta: Duration | None = Field(
        default=None,
        description="How old the value may be that a selector takes; five minutes by default.",
        examples=["5m"],
    )

    @property
    def lookback(self) -> int:
        return LOOKBACK if self.lookback_delta is None else self.lookback_delta


class InstantQuery(_Query):
    """Parameters of `/api/v1/query`."""

    time: Instant | None = Field(default=None, description="The instant; now by default.", examples=[_TIME])


class RangeQuery(_Query):
    """Parameters of `/api/v1/query_range`."""

    start: Instant = Field(description="The first instant, Unix seconds or RFC 3339.", examples=[_TIME])
    end: Instant = Field(description="The last instant, inclusive.", examples=["1767229200"])
    step: Duration = Field(description="From one instant to the next, seconds or a duration.", examples=[_SPAN])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise PydanticCustomError("promql_order", "end must not be before start")
        if (self.end - self.start) // self.step + 1 > MAX_POINTS:
            raise PydanticCustomError(
                "promql_points",
                "exceeded maximum resolution of {limit} points per timeseries: use a longer step or a shorter range",
                {"limit": MAX_POINTS},
            )
        return self


class SeriesQuery(BaseModel):
    """Parameters of `/api/v1/labels`, `/api/v1/series` and the values of a label."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    match: list[Annotated[str, Field(max_length=MAX_LENGTH)]] = Field(
        default=[], alias="match[]", max_length=20, description="Only series that one of these selectors selects.",
        examples=[['temperature{server_name="oven"}']],
    )  # fmt: skip
    start: Instant | None = Field(
        default=None, description="Only series that have a reading at this instant or later.", examples=[_TIME]
    )
    end: Instant | None = Field(default=None, description="Not looked at.", examples=[_TIME])
    limit: int = Field(default=0, ge=0, le=10**9, description="At most so many; 0: all.")


class MetadataQuery(BaseModel):
    """Parameters of `/api/v1/metadata`."""

    model_config = ConfigDict(extra="ignore")

    metric: str | None = Field(default=None, max_length=100, description="Only this quantity.", examples=["humidity"])
    limit: int = Field(default=-1, ge=-1, le=10**9, description="At most so many; -1: all.")


class Failure(BaseModel):
    """What went wrong, as Prometheus says it."""

    status: Literal["error"] = "error"
    error_type: str = Field(alias="errorType", examples=["bad_data"])
    error: str = Field(examples=["The expression cannot be read: unexpected end of input inside braces."])


class Answer(BaseModel):
    """What was found, as Prometheus says it."""

    status: Literal["success"] = "success"
    data: Any
    warnings: list[str] | None = Field(default=None, examples=[["There are more; limit=100 cut them off."]])
