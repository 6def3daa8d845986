"""Shapes of channels and notifications on the wire."""

import re
from typing import Annotated, Any, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.alerts.channels import CHANNELS
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.text import NO_CONTROL_CHARACTERS, Name

# After the encoding of international names; an IPv6 address without its brackets.
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_ADDRESS = r"^[^@\s\x00-\x1f\x7f,;<>\"]{1,64}@[^@\s\x00-\x1f\x7f,;<>\"]{1,253}$"
NotificationState = Literal["queued", "delivered", "dead", "grouped", "cancelled"]
Told = Literal["opened", "reopened", "acknowledged", "resolved"]
Language = Literal["en", "pt"]


def _is_url(value: str) -> str:
    try:
        url = httpx.URL(value)
        usable = url.scheme in ("http", "https") and bool(url.host) and not url.userinfo and not url.fragment
        usable = usable and (url.port or 80) <= 65_535 and _HOST.fullmatch(url.raw_host.decode("ascii")) is not None
    except (httpx.InvalidURL, ValueError, UnicodeError):
        usable = False
    if not usable:
        raise PydanticCustomError("url", "Must be an address like https://example.com/hook, without a password in it")
    return value


def _is_kind(value: str) -> str:
    if value not in CHANNELS:
        expected = ", ".join(map(repr, CHANNELS))
        raise PydanticCustomError("channel_kind", "Input should be one of: {expected}", {"expected": expected})
    return value


Kind = Annotated[
    str, AfterValidator(_is_kind), Field(json_schema_extra={"enum": [*CHANNELS]}, examples=["webhook"], max_length=100)
]
Url = Annotated[
    str,
    Field(max_length=2000, pattern=NO_CONTROL_CHARACTERS, examples=["https://example.com/hooks/sentinela"]),
    AfterValidator(_is_url),
]
MailAddress = Annotated[str, Field(max_length=320, pattern=_ADDRESS, examples=["ana@example.com"])]
Plain = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS)]


class Smtp(BaseModel):
    """A mail server of the channel's own."""

    model_config = ConfigDict(extra="forbid")

    host: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9._:-]+$", examples=["smtp.example.com"])]
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`tls`: from the first byte (port 465); `none` takes no password."
    )
    username: Plain | None = Field(default=None, examples=["sentinela"])
    password: Plain | None = Field(default=None, description="Never shown again.", examples=["…"])
    sender: MailAddress = Field(description="Who the mails are from.", examples=["sentinela@example.com"])

    @model_validator(mode="after")
    def _keeps_its_password(self) -> "Smtp":
        if self.password is not None and self.security == "none":
            raise PydanticCustomError("smtp_password", "A password needs security: starttls or tls")
        if (self.username is None) != (self.password is None):
            raise PydanticCustomError("smtp_login", "Give username and password, or neither")
        return self


class SmtpRead(BaseModel):
    host: str = Field(examples=["smtp.example.com"])
    port: int = Field(examples=[587])
    security: str = Field(examples=["starttls"])
    username: str | None = Field(examples=["sentinela"])
    sender: str = Field(examples=["sentinela@example.com"])


class _Fields(BaseModel):
    """What may be said of every channel, and of some kinds."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = Field(default=None, description="Of `webhook` and `slack` (an incoming webhook's address).")
    to: list[MailAddress] | None = Field(
        default=None, min_length=1, max_length=20, description="Of `email`: who gets it."
    )
    smtp: Smtp | None = Field(
        default=None, description="Of `email`: a server of its own; null: the installation's (SMTP_URL)."
    )
    chat_id: Annotated[str, Field(pattern=r"^(-?\d{1,20}|@[A-Za-z0-9_]{1,64})$")] | None = Field(
        default=None, description="Of `telegram`: a chat's number or a channel's @name.", examples=["-1001234567890"]
    )
    token: Annotated[str, Field(pattern=r"^\d{1,20}:[A-Za-z0-9_-]{1,200}$")] | None = Field(
        default=None, description="Of `telegram`: the bot's token; never shown again.", examples=["123456:ABC-DEF"]
    )
    enabled: bool | None = Field(default=None, description="Off, nothing is told by it, and what waits is cancelled.")
    language: Language | None = Field(default=None, description="Of what people read.")
    events: list[Told] | None = Field(
        default=None,
        max_length=4,
        description="Which changes of an incident are told; `opened` and `resolved` if left out.",
    )
    group_seconds: int | None = Field(
        default=None,
        ge=0,
        le=3600,
        description=(
            "Incidents of one rule that come within so many seconds become one notification; "
            "0 (a webhook's default): each its own; 10 for the other kinds."
        ),
    )
    per_minute: int | None = Field(
        default=None, ge=1, le=6000, description="Attempts a minute, a sixth of them at once; what is more waits."
    )


class ChannelCreate(_Fields):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "operations", "kind": "webhook", "url": "https://example.com/hooks/sentinela"}
        },
    )

    name: Name
    kind: Kind = "webhook"


class ChannelPatch(_Fields):
    model_config = ConfigDict(json_schema_extra={"example": {"language": "pt", "group_seconds": 30}})

    name: Name | None = None


class ChannelRead(BaseModel):
    channel_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["operations"])
    kind: Kind
    url: str | None = Field(
        default=None, description="Slack's without what is secret.", examples=["https://example.com/hooks/sentinela"]
    )
    to: list[str] | None = Field(default=None, examples=[["ana@example.com"]])
    smtp: SmtpRead | None = None
    chat_id: str | None = Field(default=None, examples=["-1001234567890"])
    enabled: bool = Field(examples=[True])
    language: Language
    events: list[Told]
    group_seconds: int = Field(examples=[0])
    per_minute: int = Field(examples=[600])
    created_at: Instant


class ChannelCreated(ChannelRead):
    secret: str | None = Field(
        description=(
            "A webhook's; signs each delivery: `webhook-signature` is `v1,` and the base 64 of HMAC-SHA256 over "
            "`{webhook-id}.{webhook-timestamp}.{body}`, keyed by the base 64 after `whsec_`. Shown this once."
        ),
        examples=["whsec_…"],
    )


class NotificationRead(BaseModel):
    notification_id: str = Field(
        description="The receiver gets it as `webhook-id`, the same at each attempt.", examples=[ULID_EXAMPLE]
    )
    channel_id: str = Field(examples=[ULID_EXAMPLE])
    event: str = Field(examples=["incident.opened"])
    incident_id: str | None = Field(description="The first of its incidents.", examples=[ULID_EXAMPLE])
    body: dict[str, Any] = Field(examples=[{"message": "This is a test."}])
    state: NotificationState = Field(
        description=(
            "`dead`: given up; it can be sent again. `grouped`: another one tells it. `cancelled`: what it was to tell "
            "was over before it was told."
        )
    )
    grouped_into: str | None = Field(description="The notification that tells it.", examples=[None])
    silence_id: str | None = Field(description="The silence that held it back last.", examples=[None])
    attempts: int = Field(description="Since it was queued, or queued again.", examples=[1])
    last_error: str | None = Field(examples=["The receiver answered 500"])
    created_at: Instant
    next_at: Instant | None = Field(description="When the next attempt is due, while it is queued.")
    delivered_at: Instant | None


class AttemptRead(BaseModel):
    at: Instant
    seconds: float = Field(description="How long it took.", examples=[0.12])
    delivered: bool = Field(examples=[False])
    error: str | None = Field(examples=["The receiver answered 500"])


class NotificationDetail(NotificationRead):
    history: list[AttemptRead] = Field(description="Every attempt, oldest first.")


class Replay(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"channel_id": ULID_EXAMPLE}})

    channel_id: Annotated[str, Field(max_length=26, pattern=NO_CONTROL_CHARACTERS)] | None = Field(
        default=None, description="Only those of this channel."
    )


class Replayed(BaseModel):
    queued: int = Field(description="How many are sent again.", examples=[3])
