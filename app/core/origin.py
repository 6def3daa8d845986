"""Where a request comes from, for what its work writes down; set by whoever begins the work, never handed through."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The request's id and the client's address; work without a request has neither."""

    request_id: str = ""
    address: str | None = None
    """Behind a proxy of TRUSTED_PROXIES this is the client's, not the proxy's."""


_current: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 (frozen)


def enter(request_id: str, address: str | None = None) -> None:
    """What is done from here on in this task or request has this origin."""
    _current.set(Origin(request_id, address))


def current() -> Origin:
    return _current.get()
