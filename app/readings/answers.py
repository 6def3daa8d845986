"""What `POST /data` answers: a stored reading or a receipt, as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.core import metrics
from app.core.clock import format_microseconds
from app.core.errors import FieldError
from app.core.language import message_of
from app.readings.rows import Reading
from app.readings.schemas import MAX_REJECTED_SHOWN, Fault
from app.readings.waiting import Counts

_encode = msgspec.json.Encoder().encode
_REJECTED = metrics.READINGS.labels("rejected")


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON text, the receipt where it can be read again, and whether an earlier request got it."""

    text: bytes
    limits: Mapping[str, str] = field(default_factory=dict)
    """Header fields that tell how much more may be sent."""
    receipt_ulid: str | None = None
    replayed: bool = False


@dataclass(slots=True)
class Tally:
    """What became of a batch so far."""

    begun: bool = False
    counts: Counts = field(default_factory=Counts)
    rejected_count: int = 0
    rejected: list[Fault] = field(default_factory=list)
    """The first of them."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Header fields that tell how much more may be sent."""

    def refuse(self, faults: list[Fault]) -> None:
        self.rejected_count += len(faults)
        self.rejected = sorted(self.rejected + faults, key=lambda fault: fault.index)[:MAX_REJECTED_SHOWN]
        _REJECTED.inc(len(faults))

    def receipt(self, portuguese: bool) -> bytes:
        """The receipt, in the reader's language."""
        rejected = [{"index": fault.index, "detail": _explain(fault.error, portuguese)} for fault in self.rejected]
        return _encode(
            {
                "accepted": self.counts.accepted,
                "duplicates": self.counts.duplicates,
                "updated": self.counts.updated,
                "rejected_count": self.rejected_count,
                "rejected": rejected,
            }
        )

    def errors(self) -> list[dict[str, Any]]:
        """The rejected readings in the shape of validation errors."""
        return [{**fault.error, "loc": [fault.index, *fault.error["loc"]]} for fault in self.rejected]


def document(server_ulid: str, reading: Reading) -> bytes:
    """A stored reading; `server_ulid` in capitals."""
    return _encode({"timestamp": format_microseconds(reading.ts), "server_ulid": server_ulid, **reading.values})


def explain(fields: Iterable[str | int], message: str) -> str:
    """A fault of one reading in one line: `temperature: Input should be a valid number`."""
    name = ".".join(str(part) for part in fields)
    return f"{name}: {message}" if name else message


def _explain(error: FieldError, portuguese: bool) -> str:
    return explain(error["loc"], message_of(error, portuguese))
