"""Shapes of people, tokens and keys on the wire."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.auth.principals import Role, Scope
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import FutureInstant, Instant
from app.core.numbers import Whole
from app.core.text import Name
from app.core.zones import Zone

# Longer ones gain nothing and would let a client make the server hash megabytes.
MAX_PASSWORD = 1024
# One @ with something on either side: an address is proven by the mail that arrives, not by its spelling.
EMAIL = r"^[^@\s\x00]+@[^@\s\x00]+$"

Username = Annotated[Name, AfterValidator(str.casefold)]


class Register(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"username": "ana", "password": "violet-otter-42"}}
    )

    username: Username
    password: str = Field(min_length=8, max_length=MAX_PASSWORD)
    email: str | None = Field(default=None, max_length=320, pattern=EMAIL)


class Registered(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])


class Login(BaseModel):
    """Also accepted as the OAuth2 password form."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"example": {"username": "ana", "password": "violet-otter-42"}}
    )

    username: Username
    password: str = Field(max_length=MAX_PASSWORD)


class Tokens(BaseModel):
    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIs…"])
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Lifetime of the access token, seconds.", examples=[3600])
    refresh_token: str = Field(examples=["snt_r_…"])


class Refresh(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"refresh_token": "snt_r_…"}})

    refresh_token: str = Field(max_length=200)


class BrowserSessionRead(BaseModel):
    """A browser's session; its secret stands in the httpOnly cookie alone."""

    csrf_token: str = Field(
        description="Goes back in the header `Sentinela-CSRF` of every request that changes something.",
        examples=["kq1c0Yx2…"],
    )
    expires_at: Instant = Field(description="When the session ends unless it is used before.")
    user: "Me"


class WorkspaceOfUser(BaseModel):
    workspace_ulid: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["ana"])
    role: Role


class WorkspaceRead(BaseModel):
    workspace_ulid: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["ana"])
    time_zone: str = Field(description="What a calendar day is here.", examples=["America/Sao_Paulo"])
    retention_days: int | None = Field(
        description="How long readings are kept unless their server says otherwise, days; null: for ever.",
        examples=[730],
    )
    created_at: Instant


class WorkspacePatch(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Fazenda", "time_zone": "America/Sao_Paulo"}}
    )

    name: Name | None = None
    time_zone: Zone | None = None
    retention_days: Whole | None = Field(default=None, ge=1, le=36_500, description="Days; null: for ever.")

    @model_validator(mode="after")
    def _only_retention_may_end(self) -> "WorkspacePatch":
        for field in ("name", "time_zone"):
            if field in self.model_fields_set and getattr(self, field) is None:
                raise PydanticCustomError(
                    "text_or_absent", "{field} must be a text; leave it out to keep it", {"field": field}
                )
        return self


class Me(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])
    email: str | None = Field(examples=["ana@example.com"])
    workspaces: list[WorkspaceOfUser]


class UserRow(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])
    email: str | None = Field(examples=["ana@example.com"])
    created_at: Instant


class KeyCreate(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "importer", "scopes": ["write"]}})

    name: Name
    scopes: list[Scope] = Field(default=["read", "write"], min_length=1, max_length=3)
    expires_at: FutureInstant | None = None


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


class KeyCreated(Key):
    key: str = Field(description="The key itself, shown this once.", examples=["snt_k_…"])


class DeviceKey(KeyFacts):
    """A device key writes its server's readings and opens nothing else."""


class DeviceKeyCreated(DeviceKey):
    device_key: str = Field(description="The key itself, shown this once.", examples=["snt_d_…"])
