"""What can go wrong with jobs."""

from app.core.errors import Conflict, NotFound


class NoSuchJob(NotFound):
    kind = "no-such-job"


class JobEnded(Conflict):
    """A job that has ended, or must go on to its end, cannot be cancelled."""

    kind = "job-ended"


class JobNotFailed(Conflict):
    """Only what has failed or was cancelled can be tried again."""

    kind = "job-not-failed"


class JobFailed(Exception):
    """The job cannot succeed; the message is for its owner."""


class JobCancelled(JobFailed):
    """Somebody asked the job to stop, or it was given up; the slice that sees this is rolled back."""
