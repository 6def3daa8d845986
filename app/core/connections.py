"""Cutting a connection whose reader does not read: a polite close would wait for it, and keep what it has not taken."""

from collections.abc import Callable, MutableMapping
from typing import Any

ABORT = "sentinela.abort"
"""Where the server's protocol leaves the way to cut a request's connection, in its scope."""


def abort(scope: MutableMapping[str, Any]) -> bool:
    """Cut the connection; False under a server that does not say how, which closes it when the app returns."""
    cut: Callable[[], None] | None = scope.get(ABORT)
    if cut is None:
        return False
    cut()
    return True
