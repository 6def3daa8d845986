"""Events as frames of a `text/event-stream`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from app.core.events import RESET, Entry, Position

# How long a browser waits before it comes back, milliseconds.
RETRY = b"retry: 2000\n\n"
Servers = frozenset[str] | None
"""The ULIDs somebody asked for; None: all."""


def frame(kind: str, position: Position, data: bytes) -> bytes:
    """One event; `data` has no line breaks."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(position).encode(), kind.encode(), data)


def ready(position: Position, *, resumed: bool) -> bytes:
    """From now on nothing is missed."""
    return frame("ready", position, b'{"resumed":true}' if resumed else b'{"resumed":false}')


def reset(position: Position) -> bytes:
    """Something was missed: look at the state again."""
    return frame(RESET, position, b"{}")


def heartbeat(position: Position) -> bytes:
    """A sign of life. The empty event moves the reader's Last-Event-ID past what its filter left out."""
    return b": alive\nid: %b\n\n" % str(position).encode()


def frames(entries: Iterable[Entry], servers: Servers) -> Iterator[bytes]:
    """Entries of one kind behind each other go into one frame; of what concerns a server only the asked ones."""
    for kind, run in groupby(entries, key=lambda entry: entry.kind):
        together = list(run)
        position = together[-1].position
        if kind == RESET:
            yield reset(position)
        elif items := [item for entry in together for item in _items(entry, servers)]:
            yield frame(kind, position, b"[%b]" % b",".join(items))


def _items(entry: Entry, servers: Servers) -> Sequence[bytes]:
    if servers is None:
        return list(entry.items.values())
    return [entry.items[name] for name in sorted(entry.items.keys() & (servers | {""}))]
