"""Shapes of rules on the wire."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.numbers import Measure
from app.core.text import NO_CONTROL_CHARACTERS, Name

Severity = Literal["info", "warning", "critical"]
Ulid = Annotated[str, Field(max_length=26, pattern=NO_CONTROL_CHARACTERS, examples=[ULID_EXAMPLE])]
# A day: whoever wants to know of more looks at a report.
_HOLD = Field(
    default=0, ge=0, le=86_400, description="For how long without a break, seconds, before it fires.", examples=[60]
)


class ThresholdCondition(BaseModel):
    """A quantity stands above or below a value."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["threshold"]
    quantity: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["humidity"])]
    above: Measure | None = Field(default=None, description="Fires above this; this or `below`.", examples=[60])
    below: Measure | None = Field(default=None, description="Fires below this; this or `above`.", examples=[None])
    clear: Measure | None = Field(
        default=None,
        description="Ends when back at this (hysteresis); null: at the value it fires beyond.",
        examples=[55],
    )
    hold_seconds: Measure = _HOLD

    @model_validator(mode="after")
    def _makes_sense(self) -> "ThresholdCondition":
        if (self.above is None) == (self.below is None):
            raise PydanticCustomError("above_or_below", "Give either above or below")
        if self.clear is not None and self.above is not None and self.clear > self.above:
            raise PydanticCustomError("clear_side", "clear must not lie beyond the value that the rule fires at")
        if self.clear is not None and self.below is not None and self.clear < self.below:
            raise PydanticCustomError("clear_side", "clear must not lie beyond the value that the rule fires at")
        return self


class OfflineCondition(BaseModel):
    """The server is offline, by its own limit; Sentinela's own outages do not count."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["offline"]
    hold_seconds: Measure = _HOLD


Condition = Annotated[ThresholdCondition | OfflineCondition, Field(discriminator="kind")]


class Tag(BaseModel):
    """Servers that bear this tag with this value."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS, examples=["site"])]
    value: Annotated[str, Field(max_length=200, pattern=NO_CONTROL_CHARACTERS, examples=["Lisboa"])]


class RuleCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "damp",
                "severity": "warning",
                "condition": {
                    "kind": "threshold",
                    "quantity": "humidity",
                    "above": 60,
                    "clear": 55,
                    "hold_seconds": 60,
                },
                "tag": {"name": "site", "value": "Lisboa"},
                "channel_ids": [ULID_EXAMPLE],
            }
        },
    )

    name: Name
    severity: Severity = "warning"
    condition: Condition
    server_ulids: list[Ulid] | None = Field(
        default=None, min_length=1, max_length=1000, description="Only these servers; null: all, or those of `tag`."
    )
    tag: Tag | None = Field(default=None, description="Only servers with this tag, also those that get it later.")
    channel_ids: list[Ulid] = Field(default=[], max_length=10, description="Who is told when it fires and ends.")
    reopen_seconds: int = Field(
        default=300,
        ge=0,
        le=86_400,
        description=(
            "An incident that begins again within so many seconds of its end is the same one, and is told once as "
            "coming and going; then only its lasting end is. 0: each is a new one."
        ),
    )
    enabled: bool = True


class RulePatch(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    enabled: bool = Field(description="Switching a rule off resolves its incidents.")


class RuleRead(BaseModel):
    rule_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["damp"])
    severity: Severity
    condition: Condition
    server_ulids: list[str] | None = Field(examples=[[ULID_EXAMPLE]])
    tag: Tag | None
    channel_ids: list[str] = Field(examples=[[ULID_EXAMPLE]])
    reopen_seconds: int = Field(examples=[300])
    enabled: bool = Field(examples=[True])
    created_at: Instant
