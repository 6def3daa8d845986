"""Shapes of what the system notes by itself: sessions as their owner sees them, and the record of who did what."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.auth.principals import ActorKind
from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant, QueryInstant
from app.core.text import NO_CONTROL_CHARACTERS


def _identifier(description: str) -> Any:
    return Field(default=None, description=description, max_length=100, pattern=NO_CONTROL_CHARACTERS)


class SessionRead(BaseModel):
    session_id: str = Field(examples=[ULID_EXAMPLE])
    kind: Literal["browser", "program"] = Field(description="Signed in by cookie, or with tokens.")
    current: bool = Field(description="Whether this request came in it.", examples=[True])
    created_at: Instant
    last_used_at: Instant | None = Field(description="To the minute; of a program, its last refresh.")
    expires_at: Instant | None = Field(description="When it ends unless it is used before.")
    address: str | None = Field(description="Where it was opened from.", examples=["192.0.2.7"])
    user_agent: str | None = Field(examples=["Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"])


class AuditFilter(BaseModel):
    """What to see of the record; each part may be left out."""

    actor_id: str | None = _identifier("Only what this person or key did, by identifier.")
    action: str | None = Field(
        default=None,
        description="Only this action, such as `server.change`; with a dot at the end all that begin so: `server.`",
        max_length=100,
        pattern=NO_CONTROL_CHARACTERS,
    )
    target: str | None = _identifier("Only what was done to the thing of this identifier.")
    start_time: QueryInstant | None = Field(default=None, description="Only since then.")
    end_time: QueryInstant | None = Field(default=None, description="Only until then.")


class AuditRead(BaseModel):
    """One thing that somebody did."""

    audit_id: str = Field(examples=[ULID_EXAMPLE])
    at: Instant
    actor_kind: ActorKind
    actor_id: str = Field(
        description="The person's or the key's identifier; empty: the system.", examples=[ULID_EXAMPLE]
    )
    actor_name: str | None = Field(
        description="As it was then; null once the person has deleted their account.", examples=["ana"]
    )
    action: str = Field(examples=["server.change"])
    target: str = Field(description="The identifier of what it was done to.", examples=[ULID_EXAMPLE])
    before: dict[str, Any] | None = Field(description="What was changed, as it was.", examples=[{"server_name": "a"}])
    after: dict[str, Any] | None = Field(description="As it became.", examples=[{"server_name": "Dolly #1"}])
    address: str | None = Field(description="Where the request came from.", examples=["192.0.2.7"])
    request_id: str = Field(examples=[ULID_EXAMPLE])
