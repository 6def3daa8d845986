"""What stops a distribution, in one line for people."""


class ClusterFailed(Exception):
    """The message says why and what helps."""
