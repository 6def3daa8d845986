"""How many readings a key and a workspace may send."""

from collections.abc import Mapping
from functools import lru_cache

from app.auth.principals import Principal
from app.core.limits import Allowance, Bucket, Limits
from app.core.settings import Settings

# As many as senders.py remembers; a sender that is forgotten loses a tenth of a second's worth.
MAX_SENDERS = 50_000
_UNLIMITED: Mapping[str, str] = {}


class Quota:
    """The limits on readings, as one process applies them."""

    def __init__(self, limits: Limits, settings: Settings) -> None:
        self._limits = limits
        self._by_key = settings.rate_limit_key
        self._by_workspace = settings.rate_limit_workspace
        self._allowance = lru_cache(MAX_SENDERS)(self._open)

    async def take(self, principal: Principal | None, amount: int) -> Mapping[str, str]:
        """Count so many readings, at least one a request; header fields that tell what is left, if there is a limit.

        Where INGEST_AUTH=open lets somebody send without a credential nobody is there to be limited.
        Raises: TooManyRequests; nothing is counted then.
        """
        if principal is None or not self._limits_any(principal):
            return {}
        return await self._allowance_of(principal).take(max(1, amount))

    def spend(self, principal: Principal) -> Mapping[str, str] | None:
        """The same for one reading, without waiting; None where somebody has to be asked."""
        if not self._limits_any(principal):
            return _UNLIMITED
        return self._allowance_of(principal).spend(1)

    def _limits_any(self, principal: Principal) -> bool:
        return bool(self._by_key or self._by_workspace or principal.rate_limit)

    def _allowance_of(self, principal: Principal) -> Allowance:
        return self._allowance(principal.workspace_id, principal.credential_id, principal.user_id, principal.rate_limit)

    def _open(
        self, workspace_id: int, credential_id: int | None, user_id: int | None, rate_limit: int | None
    ) -> Allowance:
        # In braces what a Redis Cluster keeps together: one script works on both.
        workspace = f"{{{workspace_id}}}"
        sender = f"{workspace}:user-{user_id}" if credential_id is None else f"{workspace}:key-{credential_id}"
        buckets = [
            Bucket("readings-per-key", sender, rate_limit or self._by_key),
            Bucket("readings-per-workspace", workspace, self._by_workspace),
        ]
        return self._limits.allowance(*(bucket for bucket in buckets if bucket.rate))
