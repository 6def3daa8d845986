"""What every channel is: what it must be told, and a coroutine that delivers once and says how that went."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.settings import Settings

Fields = Mapping[str, Any]
"""The fields of a request that are the kind's own: `url`, `to`, …"""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a channel leads, as it is stored: `secret` is never shown, the rest to administrators."""

    target: str
    secret: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be delivered, where to, and by which id the receiver knows it."""

    notification_ulid: str
    event: str
    created_at: datetime
    body: Mapping[str, Any]
    to: Destination
    language: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. `error` is for the people of the workspace; None: it was delivered."""

    error: str | None = None
    may_help: bool = True
    """Whether trying again can help."""
    quiet_seconds: float = 0.0
    """For how long the receiver asked not to be disturbed by anything."""
    partial: bool = False
    """Some of the recipients have it, and `error` says which don't; trying again would tell the others twice."""

    @property
    def delivered(self) -> bool:
        return self.error is None or self.partial


DELIVERED = Outcome()
Send = Callable[[Settings, Message], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out."""

    send: Send
    configure: Callable[[Settings, Fields, Destination | None], Destination]
    """From the fields of a request, and what was stored before. Raises: Invalid."""
    show: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    """From target and settings the fields that an administrator sees."""
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    per_minute: int = 60
    """Attempts a minute unless somebody says otherwise."""
    group_seconds: int = 10
    """People read one message of many servers rather than many; programs want each by its own id (0)."""
