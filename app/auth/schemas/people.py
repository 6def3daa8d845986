"""Shapes of people on the wire."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.auth.schemas.keys import KeyFacts
from app.auth.schemas.shown import AuditRead, SessionRead
from app.auth.schemas.workspaces import EMAIL, WorkspaceOfUser
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.text import Name

# Longer ones gain nothing and would let a client make the server hash megabytes.
MAX_PASSWORD = 1024

Password = Annotated[str, Field(min_length=8, max_length=MAX_PASSWORD)]
Username = Annotated[Name, AfterValidator(str.casefold)]


class Register(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"username": "ana", "password": "violet-otter-42"}}
    )

    username: Username
    password: Password
    email: str | None = Field(default=None, max_length=320, pattern=EMAIL)
    invitation: str | None = Field(
        default=None,
        max_length=200,
        description="The token of an invitation: the new user joins its workspace instead of getting one of their own.",
    )


class Registered(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])


class Me(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])
    email: str | None = Field(examples=["ana@example.com"])
    workspaces: list[WorkspaceOfUser]


class MePatch(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"email": "ana@example.com"}})

    email: str | None = Field(
        default=None, max_length=320, pattern=EMAIL, description="Where links are mailed to; null: nowhere."
    )


class UserRow(BaseModel):
    id: str = Field(examples=[ULID_EXAMPLE])
    username: str = Field(examples=["ana"])
    email: str | None = Field(examples=["ana@example.com"])
    created_at: Instant


class IdentityRead(BaseModel):
    """By which identity of an OIDC provider a person signs in."""

    issuer: str = Field(examples=["https://id.example.com"])
    subject: str = Field(description="Their name there, which never changes.", examples=["248289761001"])
    created_at: Instant


class AccountExport(BaseModel):
    """All that this installation knows of a person."""

    account: "AccountFacts"
    identities: list[IdentityRead]
    workspaces: list[WorkspaceOfUser]
    sessions: list[SessionRead]
    keys: list[KeyFacts] = Field(description="The keys that they made, in any workspace.")
    audit: list[AuditRead] = Field(description="What they did, as their workspaces recorded it, oldest first.")


class AccountFacts(UserRow):
    administers_installation: bool = Field(examples=[False])
    totp_since: Instant | None = Field(description="Since when signing in takes a code; null: it does not.")


class PasswordProof(BaseModel):
    """The password once more, for what cannot be undone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"password": "violet-otter-42"}})

    password: str = Field(max_length=MAX_PASSWORD)
