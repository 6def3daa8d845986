"""What can go wrong with streams."""

from app.core.errors import Unavailable


class TooManyStreams(Unavailable):
    kind = "too-many-streams"
    title = "Too many streams"
