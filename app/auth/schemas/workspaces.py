"""Shapes of workspaces, members and invitations on the wire."""

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.auth.principals import Role
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import FutureInstant, Instant
from app.core.numbers import Whole
from app.core.text import Name
from app.core.zones import Zone

# One @ with something on either side: an address is proven by the mail that arrives, not by its spelling.
EMAIL = r"^[^@\s\x00]+@[^@\s\x00]+$"


class WorkspaceOfUser(BaseModel):
    workspace_ulid: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["ana"])
    role: Role


class WorkspaceCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Fazenda", "time_zone": "America/Sao_Paulo"}}
    )

    name: Name
    time_zone: Zone = "UTC"
    retention_days: Whole | None = Field(default=None, ge=1, le=36_500, description="Days; null: for ever.")


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


class MemberRead(BaseModel):
    user_id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])
    role: Role
    joined_at: Instant


class RoleChange(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "operator"}})

    role: Role


class HandOver(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"user_id": ULID_EXAMPLE}})

    user_id: str = Field(max_length=100, description="The member who becomes administrator.")


class InvitationCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"role": "viewer", "email": "bruno@example.com"}}
    )

    role: Role = "viewer"
    email: str | None = Field(
        default=None, max_length=320, pattern=EMAIL, description="Where to mail the link, if this installation mails."
    )
    expires_at: FutureInstant | None = Field(default=None, description="When the link stops; null: in seven days.")


class InvitationRead(BaseModel):
    invitation_id: str = Field(examples=[ULID_EXAMPLE])
    role: Role
    email: str | None = Field(examples=["bruno@example.com"])
    created_at: Instant
    expires_at: Instant


class InvitationCreated(InvitationRead):
    token: str = Field(description="What the link carries, shown this once.", examples=["snt_i_…"])
    link: str = Field(
        description="For the invited person; the token stands behind #, which no browser sends to a server.",
        examples=["https://sentinela.example.com/ui/invitation#snt_i_…"],
    )
    mailed: bool = Field(description="Whether the link is on its way to `email`.", examples=[True])


class InvitationToken(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"token": "snt_i_…"}})

    token: str = Field(max_length=200)


class InvitationShown(BaseModel):
    """What an invitation offers to whoever holds it."""

    workspace_ulid: str = Field(examples=[ULID_EXAMPLE])
    workspace_name: str = Field(examples=["Fazenda"])
    role: Role
    expires_at: Instant
