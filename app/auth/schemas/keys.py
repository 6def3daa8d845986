"""Shapes of keys on the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.auth.principals import Scope
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import FutureInstant, Instant
from app.core.numbers import Whole
from app.core.text import Name

QuantityName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["temperature"])]


class LineMapping(BaseModel):
    """How InfluxDB line protocol that comes with a key is read, where the common rule does not fit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"server_tag": "device", "quantities": {"weather.temp": "temperature"}}},
    )

    server_tag: Name | None = Field(
        default=None, description="The tag that names the server; null: `server_ulid`, `server` or `host`."
    )
    quantities: dict[Name, QuantityName] = Field(
        default={}, max_length=100, description="What a field is called here, by `measurement.field` or `field`."
    )
    ignored_tags: list[Name] = Field(
        default=[], max_length=100, description="Tags that only describe, and tell no two things of a server apart."
    )
    create_servers: bool = Field(default=False, description="Whether an unknown server's name registers it.")


class KeyCreate(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "importer", "scopes": ["write"]}})

    name: Name
    scopes: list[Scope] = Field(default=["read", "write"], min_length=1, max_length=3)
    expires_at: FutureInstant | None = None
    rate_limit: Whole | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Readings a second that the key may send by `POST /data`; null: the installation's limit.",
    )
    line_protocol: LineMapping | None = Field(
        default=None, description="How `POST /write` reads the key's points; null: by the common rule."
    )


class DeviceKeyCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "after the move", "old_keys_valid_until": "2026-02-07T12:00:00Z"}},
    )

    name: Name = "device key"
    expires_at: FutureInstant | None = Field(default=None, description="When the new key stops; null: never.")
    old_keys_valid_until: Instant | None = Field(
        default=None,
        description="When the server's other keys stop, unless they stop before; a past instant: at once, null: never.",
    )


class KeyFacts(BaseModel):
    """What every kind of key shows of itself."""

    key_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["importer"])
    prefix: str = Field(description="The key's first characters, to tell keys apart.", examples=["snt_k_Zx81"])
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None = Field(description="To the minute; a use shows after some seconds.")


class Key(KeyFacts):
    scopes: list[Scope]
    rate_limit: int | None = Field(description="Readings a second; null: the installation's.", examples=[500])
    line_protocol: LineMapping | None


class KeyCreated(Key):
    key: str = Field(description="The key itself, shown this once.", examples=["snt_k_…"])


class DeviceKey(KeyFacts):
    """A device key writes its server's readings and opens nothing else."""


class DeviceKeyCreated(DeviceKey):
    device_key: str = Field(description="The key itself, shown this once.", examples=["snt_d_…"])
