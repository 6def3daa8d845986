"""What can go wrong with jobs."""

from app.core.errors import NotFound


class NoSuchJob(NotFound):
    kind = "no-such-job"


class JobFailed(Exception):
    """The job cannot succeed; the message is for its owner."""
