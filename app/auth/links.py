"""Links that carry a secret: behind #, which browsers send to no server and no log sees."""

from app.core.settings import Settings

_INVITATION = """{inviter} invites you to the workspace {workspace!r} on Sentinela, as {role}.
{inviter} convida você ao workspace {workspace!r} no Sentinela, como {role}.

{link}

The link can be used once, until {expires} UTC. / O link vale uma vez, até {expires} UTC.
"""
_RESET = """Choose a new password for {username!r} on Sentinela:
Escolha uma nova senha para {username!r} no Sentinela:

{link}

The link can be used once, until {expires} UTC. If you did not ask for it, do nothing.
O link vale uma vez, até {expires} UTC. Se você não o pediu, não faça nada.
"""
INVITATION_SUBJECT = "Sentinela: invitation / convite"
RESET_SUBJECT = "Sentinela: new password / nova senha"


def link(settings: Settings, page: str, token: str) -> str:
    """An address for people; without PUBLIC_URL only its path, for whoever knows the host."""
    return f"{settings.public_url}/ui/{page}#{token}"


def invitation_text(**facts: str) -> str:
    return _INVITATION.format(**facts)


def reset_text(**facts: str) -> str:
    return _RESET.format(**facts)
