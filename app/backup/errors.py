"""What keeps a backup from being made or restored."""


class BackupFailed(Exception):
    """One line for people: what is wrong and what helps."""
