"""What a person can mend."""


class StartError(Exception):
    """The system cannot start; the text is one line that says why and what helps."""


class FolderInUse(StartError):
    """Another `up` holds the data folder."""
