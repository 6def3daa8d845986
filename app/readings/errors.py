"""What can go wrong with readings."""

from app.core.errors import Forbidden, Invalid, NotFound, Unavailable

FAILURE = "sentinela.failure"
"""Key of the ASGI scope under which the bare path hands the error of a commit to the route, which answers it."""


class Overloaded(Unavailable):
    kind = "overloaded"


class OtherServersReading(Forbidden):
    kind = "other-servers-reading"

    def __init__(self) -> None:
        super().__init__("A device key may only send its own server's readings.")


class NoSuchReceipt(NotFound):
    kind = "no-such-receipt"

    def __init__(self, receipt_ulid: str) -> None:
        super().__init__(
            "There is no receipt {receipt!r} in this workspace; they are kept for a day.", receipt=receipt_ulid
        )


class TooMuchAsked(Invalid):
    """Of windows over readings: longer than its budget, or more than fits in memory."""

    kind = "query-too-expensive"
    title = "Query too expensive"
