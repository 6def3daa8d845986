"""What can go wrong with exports."""

from app.core.errors import Conflict, NotFound


class ExportNotReady(Conflict):
    kind = "export-not-ready"


class ExportGone(NotFound):
    kind = "export-gone"
