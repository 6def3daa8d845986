"""What can go wrong with servers."""

from app.core.errors import Conflict, NotFound


class NoSuchServer(NotFound):
    kind = "no-such-server"

    def __init__(self, server_ulid: str) -> None:
        super().__init__("There is no server {server!r} in this workspace.", server=server_ulid)


class NameTaken(Conflict):
    kind = "name-taken"

    def __init__(self, name: str) -> None:
        super().__init__("A server named {name!r} exists in this workspace.", name=name)
