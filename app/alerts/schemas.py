"""Shapes of alerts on the wire."""

import re
from typing import Annotated, Any, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.text import NO_CONTROL_CHARACTERS, Name

# After the encoding of international names; an IPv6 address without its brackets.
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
NotificationState = Literal["queued", "delivered", "dead"]


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


Url = Annotated[
    str,
    Field(max_length=2000, pattern=NO_CONTROL_CHARACTERS, examples=["https://example.com/hooks/sentinela"]),
    AfterValidator(_is_url),
]


class ChannelCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "operations", "kind": "webhook", "url": "https://example.com/hooks/sentinela"}
        },
    )

    name: Name
    kind: Literal["webhook"] = "webhook"
    url: Url


class ChannelRead(BaseModel):
    channel_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["operations"])
    kind: Literal["webhook"]
    url: str = Field(examples=["https://example.com/hooks/sentinela"])
    created_at: Instant


class ChannelCreated(ChannelRead):
    secret: str = Field(
        description=(
            "Signs each delivery: `webhook-signature` is `v1,` and the base 64 of HMAC-SHA256 over "
            "`{webhook-id}.{webhook-timestamp}.{body}`, keyed by the base 64 after `whsec_`. Shown this once."
        ),
        examples=["whsec_…"],
    )


class NotificationRead(BaseModel):
    notification_id: str = Field(
        description="The receiver gets it as `webhook-id`, the same at each attempt.", examples=[ULID_EXAMPLE]
    )
    channel_id: str = Field(examples=[ULID_EXAMPLE])
    event: str = Field(examples=["channel.test"])
    body: dict[str, Any] = Field(examples=[{"message": "This is a test."}])
    state: NotificationState = Field(description="`dead`: given up; it can be sent again.")
    attempts: int = Field(examples=[1])
    last_error: str | None = Field(examples=["The receiver answered 500"])
    created_at: Instant
    next_at: Instant | None = Field(description="When the next attempt is due, while it is queued.")
    delivered_at: Instant | None
