"""What can go wrong, as a caller sees it.

    SentinelaError
    ├── BadReading (a ValueError)   `add`: it can never be sent as it is; nothing was kept
    ├── BufferFault                 `add`, and opening a Sender: the buffer on disk
    │   ├── BufferFull              no room: the reading was not kept
    │   ├── BufferInUse             another process, or another Sender of this one, has it
    │   └── BufferUnusable          no buffer, damaged, or not to be written
    ├── Closed                      the Sender was closed before
    ├── Refused                     Reader: the system says no, and why
    └── Unreachable                 Reader: no answer

That the network is away is no error of a Sender: it goes on trying, and `status` tells.
"""


class SentinelaError(Exception):
    """Base of all that this package raises."""


class BadReading(SentinelaError, ValueError):
    """A reading that can never be sent, and why."""


class BufferFault(SentinelaError):
    """The buffer on disk cannot do what was asked."""


class BufferFull(BufferFault):
    """The reading was not kept: the buffer has reached its bound, or the disk is full."""


class BufferInUse(BufferFault):
    """A buffer belongs to one Sender at a time."""


class BufferUnusable(BufferFault):
    """The file is none of ours, damaged, or cannot be opened or written."""


class Closed(SentinelaError):
    """The Sender was closed before."""


class Unreachable(SentinelaError):
    """No answer came."""


class Refused(SentinelaError):
    """An answer that is an error; `status` is its HTTP status, the text says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
