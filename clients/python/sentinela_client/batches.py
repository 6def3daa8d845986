"""What goes in one request."""

import gzip
import hashlib
from dataclasses import dataclass

# A receipt names the first 1,000 refused readings, so each one's fate is known.
MAX_READINGS = 1000
# Before compression: nginx takes 1 MiB unless it is told otherwise.
MAX_BYTES = 900_000
# Below, compressing saves less than its header costs.
_WORTH_COMPRESSING = 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of a buffer's readings, oldest first."""

    numbers: tuple[int, ...]
    """Of the readings in their buffer, ascending."""
    lines: tuple[bytes, ...]
    more: bool
    """Whether others wait behind them."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A batch as it travels. The same batch gives the same bytes and key, also after a restart."""

    body: bytes
    headers: dict[str, str]


def envelope(batch: Batch, buffer_id: str, *, with_key: bool) -> Envelope:
    """`with_key`: the system keeps an answer for its Idempotency-Key only for a sender it knows.

    Numbers are never given twice, so a key never stands for other readings; the digest is of the bytes as sent, which
    another version of zlib would make otherwise.
    """
    body = b"\n".join(batch.lines) + b"\n"
    headers = {"Content-Type": "application/x-ndjson"}
    if len(body) > _WORTH_COMPRESSING:
        body = gzip.compress(body, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    if with_key:
        digest = hashlib.sha256(body).hexdigest()[:16]
        headers["Idempotency-Key"] = f"{buffer_id}-{batch.numbers[0]}-{batch.numbers[-1]}-{digest}"
    return Envelope(body, headers)
