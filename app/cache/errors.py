"""What can go wrong with the cache."""

from app.core.errors import Conflict, NotFound


class NoSuchEntry(NotFound):
    kind = "no-such-entry"


class CacheFull(Conflict):
    kind = "cache-full"
    title = "Cache full"
