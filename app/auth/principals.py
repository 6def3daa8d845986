"""Who asks, and what they may do: the one table of roles and scopes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.auth.errors import MissingScope, NoWorkspace

Scope = Literal["read", "write", "admin"]
Role = Literal["viewer", "operator", "admin"]
ActorKind = Literal["user", "api_key", "device_key", "system"]

SCOPES_OF_ROLE: dict[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}


# Whoever has left their last workspace: they may still sign in, join another or make one.
NO_WORKSPACE = 0


@dataclass(frozen=True, slots=True)
class Principal:
    """A proven identity within one workspace."""

    workspace_id: int
    scopes: frozenset[str]
    user_id: int | None = None
    session_ulid: str | None = None
    """Set for a user's access token alone."""
    server_id: int | None = None
    """Set for a device key: the only server it may write to."""
    administers_installation: bool = False
    credential_id: int | None = None
    """Set for a key, of a program or a device."""
    expires_at: float | None = None
    """When the key stops, seconds since 1970; who remembers a principal must look."""
    rate_limit: int | None = None
    """Readings a second that a key may send; None: the installation's limit."""
    line_protocol: Mapping[str, Any] | None = field(default=None, hash=False)
    """How line protocol that comes with the key is read; None: by the common rule."""
    ulid: str = ""
    """The person's or the key's identifier outside; the system itself has none."""
    name: str = ""

    @property
    def person(self) -> int:
        """The number of a person who has signed in; `deps.signed_in` lets nobody else through."""
        if self.user_id is None:
            raise TypeError("a key is no person")
        return self.user_id

    @property
    def kind(self) -> ActorKind:
        """As what they act: a person signed in, a key of a program or a device, or the system itself."""
        if self.session_ulid is not None:
            return "user"
        if self.server_id is not None:
            return "device_key"
        return "api_key" if self.credential_id is not None else "system"

    def require(self, scope: Scope) -> None:
        """Raises: MissingScope, NoWorkspace. `admin` includes the others; writing does not include reading."""
        if self.workspace_id == NO_WORKSPACE:
            raise NoWorkspace("You belong to no workspace: accept an invitation, or POST /workspaces.")
        if scope not in self.scopes and "admin" not in self.scopes:
            raise MissingScope("This credential may not do this: it lacks the scope {scope!r}.", scope=scope)
