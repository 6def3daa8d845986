"""What can go wrong with people and credentials."""

from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized, Unavailable


class UsernameTaken(Conflict):
    kind = "username-taken"


class RegistrationClosed(Forbidden):
    kind = "registration-closed"


class WrongPassword(Unauthorized):
    kind = "wrong-password"


class CodeRequired(Unauthorized):
    """The password was right; the client asks the person for a code and sends both."""

    kind = "totp-required"


class WrongCode(Unauthorized):
    kind = "wrong-totp"


class NoCredential(Unauthorized):
    kind = "no-credential"


class InvalidCredential(Unauthorized):
    kind = "invalid-credential"


class NoProvider(NotFound):
    kind = "no-provider"


class SignInLost(Unauthorized):
    kind = "sign-in-lost"


class ProviderAway(Unavailable):
    kind = "provider-away"


class ProviderRefused(Unauthorized):
    kind = "provider-refused"


class IdentityUnproved(Unauthorized):
    """`reason` is for the log."""

    kind = "identity-unproved"


class IdentityTaken(Conflict):
    kind = "identity-taken"


class OtherIdentity(Conflict):
    kind = "other-identity"


class ConnectionLost(Conflict):
    """No 401: it says nothing against the session that asks."""

    kind = "connection-lost"


class NoSuchIdentity(NotFound):
    kind = "no-such-identity"


class NoUsername(Conflict):
    kind = "no-username"


class CrossSite(Forbidden):
    kind = "cross-site"


class NoCsrfToken(Forbidden):
    kind = "no-csrf-token"


class MissingScope(Forbidden):
    kind = "missing-scope"


class DeviceKeyOnly(Forbidden):
    kind = "device-key-only"


class NoWorkspace(Forbidden):
    kind = "no-workspace"


class NoSuchWorkspace(NotFound):
    kind = "no-such-workspace"


class NoSuchMember(NotFound):
    kind = "no-such-member"


class NoSuchInvitation(NotFound):
    kind = "no-such-invitation"


class NoSuchSession(NotFound):
    kind = "no-such-session"


class NoSuchUser(NotFound):
    kind = "no-such-user"


class AlreadyMember(Conflict):
    kind = "already-member"


class LastAdmin(Conflict):
    kind = "last-admin"


class FactorIsOn(Conflict):
    kind = "totp-on"


class FactorIsOff(Conflict):
    kind = "totp-off"


class BelongsElsewhere(Forbidden):
    kind = "belongs-elsewhere"


class NoMail(Conflict):
    kind = "no-mail"


class NoSuchKey(NotFound):
    kind = "no-such-key"
