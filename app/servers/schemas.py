"""Shapes of servers on the wire."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.numbers import Measure, Whole
from app.core.text import MAX_NAME, NO_CONTROL_CHARACTERS, Name
from app.servers.tags import MAX_TAGS, TagFilter, Tags

_LIMIT = Field(
    default=None,
    ge=1,
    le=86_400,
    description="Silence after which the server counts as offline, seconds; null: the installation's (10).",
)
# A month; a server that sends more rarely has no interval that coverage could be told from.
_INTERVAL = Field(
    default=None,
    ge=0.001,
    le=2_678_400,
    description="The declared time between two readings, seconds; null: unknown.",
)
_RETENTION = Field(
    default=None, ge=1, le=36_500, description="How long its readings are kept, days; null: as the workspace says."
)


class ServerCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"server_name": "Dolly #1", "interval_seconds": 1, "tags": {"site": "Lisboa"}}},
    )

    server_name: Name = Field(validation_alias=AliasChoices("server_name", "name"))
    offline_after_seconds: Whole | None = _LIMIT
    interval_seconds: Measure | None = _INTERVAL
    retention_days: Whole | None = _RETENTION
    tags: Tags = Field(default_factory=dict)


class ServerPatch(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"offline_after_seconds": 60, "tags": {"site": "Lisboa", "rack": "B2"}}},
    )

    server_name: Name | None = None
    offline_after_seconds: Whole | None = _LIMIT
    interval_seconds: Measure | None = _INTERVAL
    retention_days: Whole | None = _RETENTION
    tags: Tags | None = Field(default=None, description="Replaces all tags; null removes them.")

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_never_removed(cls, value: Any) -> Any:
        if isinstance(value, dict) and "server_name" in value and value["server_name"] is None:
            raise ValueError("server_name must be a text; leave it out to keep it")
        return value


class ServerFilter(BaseModel):
    """Which servers to list; each part may be left out, and a server meets all that are there."""

    name: str | None = Field(
        default=None,
        description="Only the server of exactly this name.",
        max_length=MAX_NAME,
        pattern=NO_CONTROL_CHARACTERS,
    )
    search: str | None = Field(
        default=None,
        description="Only those with this in their name, in capitals or not.",
        max_length=MAX_NAME,
        pattern=NO_CONTROL_CHARACTERS,
    )
    tag: list[TagFilter] = Field(
        default_factory=list,
        description="Only those with this tag, `NAME` or `NAME:TEXT`; repeatable.",
        max_length=MAX_TAGS,
    )


class ServerRead(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    offline_after_seconds: int | None = Field(examples=[60])
    interval_seconds: float | None = Field(examples=[1.0])
    retention_days: int | None = Field(examples=[730])
    tags: dict[str, str] = Field(examples=[{"site": "Lisboa", "rack": "B2"}])
    created_at: Instant


class ServerCreated(ServerRead):
    device_key: str = Field(
        description="What the server sends its readings with; shown this once.", examples=["snt_d_…"]
    )
