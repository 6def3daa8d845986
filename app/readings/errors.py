"""What can go wrong with readings."""

from app.core.errors import Forbidden, Unavailable


class Overloaded(Unavailable):
    kind = "overloaded"


class OtherServersReading(Forbidden):
    kind = "other-servers-reading"

    def __init__(self) -> None:
        super().__init__("A device key may only send its own server's readings.")
