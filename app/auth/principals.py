"""Who asks, and what they may do: the one table of roles and scopes."""

from dataclasses import dataclass
from typing import Literal

from app.auth.errors import MissingScope

Scope = Literal["read", "write", "admin"]
Role = Literal["viewer", "operator", "admin"]

SCOPES_OF_ROLE: dict[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}


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

    def require(self, scope: Scope) -> None:
        """Raises: MissingScope. `admin` includes the others; writing does not include reading."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise MissingScope("This credential may not do this: it lacks the scope {scope!r}.", scope=scope)
