"""Shapes of the identities that a person signs in by."""

from pydantic import BaseModel, ConfigDict, Field

from app.auth.id_tokens import MAX_SUBJECT
from app.auth.otp import MAX_TYPED
from app.auth.schemas.people import MAX_PASSWORD, IdentityRead
from app.core.text import NO_CONTROL_CHARACTERS


class OwnIdentity(IdentityRead):
    """One of my identities."""

    in_use: bool = Field(description="Whether its provider is the installation's: I sign in by it.", examples=[True])


class ConnectedIdentity(IdentityRead):
    """The identity that my account is connected to."""

    was_connected: bool = Field(description="Whether it had been already: nothing has changed.", examples=[False])


class AccountProof(BaseModel):
    """The password once more and, where signing in takes one, a code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"password": "violet-otter-42"}})

    password: str = Field(max_length=MAX_PASSWORD)
    totp: str | None = Field(
        default=None,
        max_length=MAX_TYPED,
        description="Of whoever has turned it on: the authenticator's six digits, or a recovery code.",
    )


class Disconnect(AccountProof):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "issuer": "https://id.example.com",
                "subject": "248289761001",
                "password": "violet-otter-42",
            }
        },
    )

    issuer: str = Field(max_length=2000, pattern=NO_CONTROL_CHARACTERS)
    subject: str = Field(max_length=MAX_SUBJECT, pattern=NO_CONTROL_CHARACTERS)
