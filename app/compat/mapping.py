"""From points to readings: which server a point is of, and what its fields are called here.

The server is the value of the tag that the key's mapping names, else of `server_ulid`, `server` or `host`, whichever
comes first; a device key needs none. A field `value` is called as its measurement, a field with the name of a known
quantity keeps it, and any other is `measurement_field`; so `cpu usage_idle` is `cpu_usage_idle`. Tags that are left say
which of several things of a server is measured: their values become part of a custom quantity's name, in the order of
their names, so that no two of them overwrite each other.
"""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from functools import lru_cache

from app.compat.lines import REMEMBERED_LETTERS, Head
from app.readings.quantities import NAMES

SERVER_TAGS = ("server_ulid", "server", "host")
# Longer names are refused by the registry of quantities, with a clear fault.
_OTHER = re.compile(r"[^a-z0-9]+")
_WHOLE = "value"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a key's points are read."""

    server_tag: str | None = None
    quantities: Table[str, str] = field(default_factory=dict)
    """What a field is called here, by `measurement.field` or `field`."""
    ignored_tags: frozenset[str] = frozenset()
    """Tags that only describe, and tell no two things apart."""

    def server(self, head: Head) -> str | None:
        """The server as the point names it: a ULID or a name."""
        names = (self.server_tag,) if self.server_tag else SERVER_TAGS
        return next((head.tags[name] for name in names if name in head.tags), None)

    def quantity(self, head: Head, name: str) -> str:
        """What a field of such a point is called here."""
        for full in (f"{head.measurement}.{name}", name):
            if full in self.quantities:
                return self.quantities[full]
        if name in NAMES:
            return name
        own = head.measurement if name == _WHOLE else f"{head.measurement}_{name}"
        return plain(own) if plain(own) in NAMES else plain("_".join((own, *self._parts(head))))

    def _parts(self, head: Head) -> list[str]:
        aside = {*SERVER_TAGS, self.server_tag} | self.ignored_tags
        return [value for name, value in sorted(head.tags.items()) if name not in aside]


def plain(name: str) -> str:
    """A name of quantities: lower-case letters, digits and _, from a letter on."""
    return _known(name) if len(name) <= REMEMBERED_LETTERS else _plain(name)


def _plain(name: str) -> str:
    words = _OTHER.sub("_", name.lower()).strip("_")
    return words if words[:1].isalpha() else f"x_{words}"


_known = lru_cache(maxsize=20_000)(_plain)
