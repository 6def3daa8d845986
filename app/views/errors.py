"""What can go wrong with saved views."""

from app.core.errors import Conflict, NotFound


class NoSuchView(NotFound):
    kind = "no-such-view"


class ViewNameTaken(Conflict):
    kind = "view-name-taken"


class TooManyViews(Conflict):
    kind = "too-many-views"
