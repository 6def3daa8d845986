"""Shapes of sessions and passwords on the wire."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.auth.otp import MAX_TYPED
from app.auth.schemas.people import MAX_PASSWORD, Me, Password, Username
from app.core.instants import Instant


class Login(BaseModel):
    """Also accepted as the OAuth2 password form."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"example": {"username": "ana", "password": "violet-otter-42"}}
    )

    username: Username
    password: str = Field(max_length=MAX_PASSWORD)
    totp: str | None = Field(
        default=None,
        max_length=MAX_TYPED,
        description="Of whoever has turned it on: the authenticator's six digits, or a recovery code.",
    )


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
    user: Me


class PasswordChange(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"old_password": "violet-otter-42", "new_password": "amber-heron-17"}},
    )

    old_password: str = Field(max_length=MAX_PASSWORD)
    new_password: Password


class ResetAsk(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"username": "ana"}})

    username: Username


class ResetConfirm(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"token": "snt_p_…", "new_password": "amber-heron-17"}}
    )

    token: str = Field(max_length=200)
    new_password: Password


class ResetCreated(BaseModel):
    username: str = Field(examples=["ana"])
    token: str = Field(description="Opens `POST /auth/reset/confirm` once, shown this once.", examples=["snt_p_…"])
    link: str = Field(examples=["https://sentinela.example.com/ui/reset#snt_p_…"])
    expires_at: Instant
