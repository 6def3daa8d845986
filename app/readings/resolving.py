"""From decoded columns to rows: servers by number, quantities admitted, arrivals stamped; the rest are faults."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.auth.principals import Principal
from app.core.clock import ArrivalClock, to_microseconds
from app.core.errors import FieldError, Problem, invalid
from app.core.language import detail_of
from app.readings.columns import NO_TIMESTAMP, Columns
from app.readings.quantities import NAMES
from app.readings.registry import Registry
from app.readings.rows import Int, Reading, Rows
from app.readings.schemas import Fault
from app.readings.senders import Senders, Target

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Rows that may be stored, and the faults of the others."""

    rows: Rows
    faults: list[Fault]


class Resolver:
    """What knows servers and quantities in one process."""

    def __init__(self, senders: Senders, registry: Registry) -> None:
        self.senders = senders
        self.registry = registry
        self.clock = ArrivalClock()

    async def one(self, principal: Principal | None, parsed: Any) -> Reading:
        """A parsed single reading. Raises: NoSuchServer, OtherServersReading, Invalid."""
        target = (await self.senders.targets(principal, [parsed.server_ulid]))[parsed.server_ulid]
        if isinstance(target, Problem):
            raise target
        values = parsed.values
        refused = await self.registry.admit(target.workspace_id, values, together=True)
        if refused:
            raise invalid(list(refused.values()), ("body",))
        ts = self.clock.next() if parsed.timestamp is None else to_microseconds(parsed.timestamp)
        return Reading(target.server_id, ts, values)

    async def many(self, principal: Principal | None, columns: Columns, portuguese: bool) -> Resolved:
        """The readings of a decoded batch."""
        targets = await self.senders.targets(principal, columns.servers)
        found = [targets[ulid] for ulid in columns.servers]
        refused = {
            number: _server_fault(target, portuguese)
            for number, target in enumerate(found)
            if isinstance(target, Problem)
        }
        keep = ~np.isin(columns.server, list(refused))
        bad = np.flatnonzero(~keep)
        faults = [
            Fault(index, refused[number])
            for index, number in zip(columns.index[bad].tolist(), columns.server[bad].tolist(), strict=True)
        ]
        await self._admit(columns, found, keep, faults)
        numbers = np.array([_number(target) for target in found], np.int64)
        ts = self._stamped(columns.ts)
        rows = Rows(numbers[columns.server], ts, columns.values)
        return Resolved(rows if keep.all() else rows.take(keep), faults)

    async def _admit(self, columns: Columns, found: list[Target | Problem], keep: Mask, faults: list[Fault]) -> None:
        """Refuse the readings with quantities that their workspace does not admit."""
        custom = [name for name in columns.values if name not in NAMES]
        if not custom:
            return
        owners = np.array([-1 if isinstance(target, Problem) else target.workspace_id for target in found])
        for owner in {target.workspace_id for target in found if isinstance(target, Target)}:
            own = keep & (owners[columns.server] == owner)
            present = {name: own & ~np.isnan(columns.values[name]) for name in custom}
            sent = [name for name in custom if present[name].any()]
            for name, fault in (await self.registry.admit(owner, sent)).items():
                faults += _faults(columns.index[present[name] & keep], fault)
                keep &= ~present[name]

    def _stamped(self, ts: Int) -> Int:
        missing = np.flatnonzero(ts == NO_TIMESTAMP)
        if len(missing):
            ts = ts.copy()
            ts[missing] = [self.clock.next() for _ in missing]
        return ts


def _number(target: Target | Problem) -> int:
    return -1 if isinstance(target, Problem) else target.server_id


def _server_fault(problem: Problem, portuguese: bool) -> FieldError:
    return {"loc": [], "msg": detail_of(problem, portuguese), "type": problem.kind}


def _faults(indexes: Int, fault: FieldError) -> Iterable[Fault]:
    return (Fault(index, fault) for index in indexes.tolist())
