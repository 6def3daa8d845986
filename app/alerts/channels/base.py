"""What every channel is: a coroutine that delivers once, and says how that went and whether to try again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be delivered, where to, and by which id the receiver knows it."""

    notification_ulid: str
    event: str
    created_at: datetime
    body: Mapping[str, Any]
    target: str
    secret: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. `error` is for the people of the workspace; None: it was delivered."""

    error: str | None = None
    may_help: bool = True
    """Whether trying again can help."""


DELIVERED = Outcome()
Send = Callable[[Settings, Message], Awaitable[Outcome]]
