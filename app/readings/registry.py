"""Custom quantities: any further numeric key is one of its workspace, registered when it is first sent.

A name that looks like a slip of a known one is refused with "did you mean": a device that has sent `temprature` for
a month is worse off than one that was told at once.
"""

import re
from collections.abc import Collection, Iterable, Set

from rapidfuzz.distance import OSA

from app.core.db import Database
from app.core.errors import FieldError
from app.readings import queries
from app.readings.quantities import NAMES

# Each costs a place in every chart and list; a device that sends ever new keys must not fill the workspace.
MAX_CUSTOM = 100
# Workspaces remembered in one process, some 10 KB each when full.
MAX_ENTRIES = 10_000
# New names looked at in one go, a third of a millisecond each with a full workspace: of more, most have no room anyway.
MAX_EXAMINED = 256
# What a reading and a row of an answer call by these names is no quantity. JSON cannot send one of them, but a table
# whose instants stand in another column can.
RESERVED = frozenset({"server_ulid", "timestamp"})
_NAMES = frozenset(NAMES)
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
# One slip of the finger in a word of so many letters, two in a longer one; shorter words are all alike.
ONE_SLIP_FROM, TWO_SLIPS_FROM = 4, 8


class Registry:
    """The custom quantities of the workspaces, as one process knows them. They are only ever added, so what is
    remembered stays true; only this class fills and empties it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, frozenset[str]] = {}

    def all_known(self, workspace_id: int, names: Set[str]) -> bool:
        """Whether these names need no more looking at."""
        return names <= _NAMES or names <= self._known.get(workspace_id, frozenset()) | _NAMES

    async def known(self, workspace_id: int) -> frozenset[str]:
        """The workspace's custom quantities, as far as this process has met them."""
        if workspace_id not in self._known:
            await self._register(workspace_id, ())
        return self._known[workspace_id]

    async def admit(self, workspace_id: int, names: Iterable[str], *, together: bool = False) -> dict[str, FieldError]:
        """Register the new ones of these names; those that are refused, each with its fault.

        `together`: when one is refused, so is what they came in, and none of them is registered.
        """
        fresh = set(names) - _NAMES
        if self.all_known(workspace_id, fresh):
            return {}
        known = await self.known(workspace_id)
        unknown = sorted(fresh - known)
        refused = {name: fault for name in unknown[:MAX_EXAMINED] if (fault := _fault(name, known))}
        refused |= {name: _too_many(name) for name in unknown[MAX_EXAMINED:]}
        wanted = [name for name in unknown if name not in refused]
        if together and (refused or len(known) + len(wanted) > MAX_CUSTOM):
            return refused or {name: _too_many(name) for name in wanted}
        if wanted:
            await self._register(workspace_id, wanted)
        late = set(wanted) - self._known[workspace_id]
        return refused | {name: _too_many(name) for name in late}

    async def _register(self, workspace_id: int, names: Collection[str]) -> None:
        """Add these names while there is room, and read all of the workspace's."""
        async with self._database.write(workspace_id) as session:
            if names:
                # Two requests with new names: one waits, so that the count below holds.
                await session.execute(queries.lock_workspace(workspace_id))
            known = set(await session.scalars(queries.custom_quantities(workspace_id)))
            room = sorted(set(names) - known)[: max(0, MAX_CUSTOM - len(known))]
            if room:
                await session.execute(queries.insert_quantities(workspace_id, room))
        if len(self._known) >= MAX_ENTRIES:
            self._known.clear()
        self._known[workspace_id] = frozenset(known | set(room))


def near_miss(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is a slip of: word by word, for `power_min` and `power_max` differ on purpose."""
    return next((other for other in sorted(known) if _is_slip(name, other)), None)


def _is_slip(name: str, other: str) -> bool:
    words, others = name.split("_"), other.split("_")
    if len(words) != len(others):
        return name.replace("_", "") == other.replace("_", "")
    differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return bool(differing) and all(_is_slip_of_word(*pair) for pair in differing)


def _is_slip_of_word(word: str, other: str) -> bool:
    # Numbers tell things apart on purpose: `voltage1`, `voltage2`.
    word, other = word.rstrip("0123456789"), other.rstrip("0123456789")
    slips = 2 if len(other) >= TWO_SLIPS_FROM else 1
    return len(other) >= ONE_SLIP_FROM and word != other and OSA.distance(word, other, score_cutoff=slips) <= slips


def _fault(name: str, known: Collection[str]) -> FieldError | None:
    if not NAME.fullmatch(name):
        msg = "A quantity's name is lower-case letters, digits and _, from a letter on, 63 at most"
        return {"loc": [name], "msg": msg, "type": "quantity_name"}
    if name in RESERVED:
        return {"loc": [name], "msg": "No quantity may have this name", "type": "reserved_name"}
    meant = near_miss(name, (*NAMES, *known))
    if meant is None:
        return None
    msg = f"Unknown field; did you mean {meant}?"
    return {"loc": [name], "msg": msg, "type": "near_miss", "ctx": {"meant": meant}}


def _too_many(name: str) -> FieldError:
    msg = f"The workspace has {MAX_CUSTOM} custom quantities already"
    return {"loc": [name], "msg": msg, "type": "too_many_quantities", "ctx": {"limit": MAX_CUSTOM}}
