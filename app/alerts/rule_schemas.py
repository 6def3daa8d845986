"""Shapes of rules on the wire."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.alerts.condition_schemas import EXAMPLE, Condition, Schedule
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.text import NO_CONTROL_CHARACTERS, Name

Severity = Literal["info", "warning", "critical"]
Ulid = Annotated[str, Field(max_length=26, pattern=NO_CONTROL_CHARACTERS, examples=[ULID_EXAMPLE])]


class Tag(BaseModel):
    """Servers that bear this tag with this value."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS, examples=["site"])]
    value: Annotated[str, Field(max_length=200, pattern=NO_CONTROL_CHARACTERS, examples=["Lisboa"])]


_SERVERS = Field(
    default=None, min_length=1, max_length=1000, description="Only these servers; null: all, or those of `tag`."
)
_TAG = Field(default=None, description="Only servers with this tag, also those that get it later.")
_SCHEDULE = Field(default=None, description="When it matters; null: always.")


class Judged(BaseModel):
    """What a rule looks at, where, and when that matters."""

    model_config = ConfigDict(extra="forbid")

    condition: Condition
    schedule: Schedule | None = _SCHEDULE
    server_ulids: list[Ulid] | None = _SERVERS
    tag: Tag | None = _TAG


class RuleCreate(Judged):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "damp",
                "severity": "warning",
                "condition": EXAMPLE,
                "tag": {"name": "site", "value": "Lisboa"},
                "schedule": {"zone": "America/Sao_Paulo", "weekdays": ["mon", "tue"], "start": "08:00", "end": "18:00"},
                "channel_ids": [ULID_EXAMPLE],
            }
        },
    )

    name: Name
    severity: Severity = "warning"
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
    """What is left out stays, and so does what is null, but that a schedule, servers or a tag are taken away by null.

    With another condition, schedule or scope the rule begins anew: what is open is resolved.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    name: Name | None = None
    severity: Severity | None = None
    condition: Condition | None = None
    schedule: Schedule | None = _SCHEDULE
    server_ulids: list[Ulid] | None = _SERVERS
    tag: Tag | None = _TAG
    channel_ids: list[Ulid] | None = Field(default=None, max_length=10, examples=[[ULID_EXAMPLE]])
    reopen_seconds: int | None = Field(default=None, ge=0, le=86_400, examples=[300])
    enabled: bool | None = Field(default=None, description="Switching a rule off resolves its incidents.")


class RuleRead(BaseModel):
    rule_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["damp"])
    severity: Severity
    condition: Condition
    schedule: Schedule | None
    server_ulids: list[str] | None = Field(examples=[[ULID_EXAMPLE]])
    tag: Tag | None
    channel_ids: list[str] = Field(examples=[[ULID_EXAMPLE]])
    reopen_seconds: int = Field(examples=[300])
    enabled: bool = Field(examples=[True])
    created_at: Instant
