"""Parameters of `GET /data`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.instants import QueryInstant
from app.core.text import NO_CONTROL_CHARACTERS
from app.core.zones import Zone
from app.readings.aggregates import NAMES, is_function
from app.readings.calendar import Interval
from app.readings.engine.conditions import parse

# A page is held in memory, so that its Link can go out before it.
MAX_LIMIT = 10_000
MAX_POINTS = 20_000
# A percentile of each quantity of a workspace is asked for by few; each is computed and held.
MAX_FUNCTIONS = 20
Format = Literal["json", "ndjson", "csv", "arrow", "parquet"]


def _is_function(value: str) -> str:
    if not is_function(value):
        expected = ", ".join(NAMES)
        raise PydanticCustomError(
            "no_such_function",
            "Must be one of {expected}, or a percentile such as p95 or p99.9",
            {"expected": expected},
        )
    return value


def _is_condition(value: str) -> str:
    if parse(value) is None:
        raise PydanticCustomError("condition", "Must compare a quantity with a number, such as temperature>30")
    return value


Function = Annotated[str, AfterValidator(_is_function), Field(max_length=12, examples=["max"])]
ConditionText = Annotated[str, AfterValidator(_is_condition), Field(max_length=100, examples=["temperature>30"])]


class DataQuery(BaseModel):
    """Filters of `GET /data`, each optional."""

    model_config = ConfigDict(extra="forbid")

    server_ulid: list[str] = Field(
        default=[], max_length=1000, description="Only these servers; repeat for several. None: all of the workspace's."
    )
    start_time: QueryInstant | None = Field(default=None, description="Not before this instant (inclusive).")
    end_time: QueryInstant | None = Field(default=None, description="Not after this instant (inclusive).")
    sensor_type: list[Annotated[str, Field(max_length=63, examples=["temperature"])]] = Field(
        default=[],
        max_length=20,
        description="Only these quantities, custom ones included, and only rows that have one; repeat for several.",
    )
    aggregation: Interval | None = Field(
        default=None, description="One row for each interval, in the time zone `tz`: the mean, or what `function` says."
    )
    function: list[Function] = Field(
        default=[],
        max_length=MAX_FUNCTIONS,
        description=f"What to compute: {', '.join(NAMES)}, or a percentile such as `p95` or `p99.9`. Of several the "
        "keys read `temperature_max`. Without `aggregation` the answer is one row over the range.",
    )
    tz: Zone = Field(default="UTC", description="The time zone (IANA) whose hours, days, weeks and months are meant.")
    fill: Literal["none", "null", "previous", "linear"] = Field(
        default="none",
        description="With `aggregation`: what stands in intervals without readings: no row, null, the value before, or "
        "the straight line between the values around.",
    )
    group_by: Annotated[str, Field(max_length=67, pattern=r"^(server|tag:[^\W\d][\w.-]*)$")] | None = Field(
        default=None,
        description="With `aggregation` or `function`: a row for each `server`, or each value of a tag (`tag:site`), "
        "instead of one for all together.",
        examples=["server"],
    )
    where: list[ConditionText] = Field(
        default=[],
        max_length=10,
        description="Only readings whose value compares so with a number (`>`, `>=`, `<`, `<=`, `=`, `!=`); repeat for "
        "several that must all hold.",
    )
    order: Literal["asc", "desc"] = Field(default="asc", description="Oldest first, or newest first.")
    limit: int | None = Field(
        default=None, ge=1, le=MAX_LIMIT, description='Rows a page; the next page is in `Link: rel="next"`.'
    )
    cursor: str | None = Field(
        default=None,
        max_length=1000,
        pattern=NO_CONTROL_CHARACTERS,
        description="Where a page begins, as `Link` of the page before gave it.",
    )
    max_points: int | None = Field(
        default=None,
        ge=4,
        le=MAX_POINTS,
        description="At most so many rows for each server or group, chosen so that a chart keeps its shape: the lowest "
        "and the highest value of every slice of time are among them.",
    )
    format: Format | None = Field(default=None, description="The form of the answer; without it `Accept` decides.")
    explain: bool = Field(default=False, description="Tell what would be read and how long it may take; read nothing.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.start_time and self.end_time and self.start_time > self.end_time:
            raise PydanticCustomError("range_order", "start_time must not be after end_time")
        if self.group_by and not self.computes:
            raise PydanticCustomError("needs_aggregation", "group_by needs aggregation or function")
        if self.fill != "none" and not self.aggregation:
            raise PydanticCustomError("fill_needs_aggregation", "fill needs aggregation")
        if self.cursor and not self.limit:
            raise PydanticCustomError("cursor_needs_limit", "cursor needs limit")
        if self.max_points and self.limit:
            raise PydanticCustomError("points_or_pages", "max_points and limit exclude each other")
        return self

    @property
    def computes(self) -> bool:
        """Whether the rows are results and not readings."""
        return bool(self.aggregation or self.function)
