"""What can go wrong with alerts."""

from app.core.errors import Conflict, NotFound


class NoSuchChannel(NotFound):
    kind = "no-such-channel"


class NoSuchNotification(NotFound):
    kind = "no-such-notification"


class ChannelNameTaken(Conflict):
    kind = "channel-name-taken"


class NotificationNotDead(Conflict):
    """Only what was given up can be sent again."""

    kind = "notification-not-dead"


class NoSuchRule(NotFound):
    kind = "no-such-rule"


class NotInScope(NotFound):
    kind = "not-in-scope"


class RuleNameTaken(Conflict):
    kind = "rule-name-taken"


class NoSuchIncident(NotFound):
    kind = "no-such-incident"


class IncidentResolved(Conflict):
    kind = "incident-resolved"


class NoSuchSilence(NotFound):
    kind = "no-such-silence"


class SilenceEnded(Conflict):
    kind = "silence-ended"
