"""Invitations: a link that lets whoever holds it join a workspace, once."""

from datetime import timedelta

from app.auth import audit, links, queries, tokens
from app.auth.errors import AlreadyMember, NoSuchInvitation
from app.auth.principals import Principal
from app.auth.schemas.workspaces import (
    InvitationCreate,
    InvitationCreated,
    InvitationRead,
    InvitationShown,
    WorkspaceOfUser,
)
from app.auth.tables import Invitation, Membership, User, Workspace
from app.core import mail
from app.core.clock import format_instant, now
from app.core.db import Database, ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.core.settings import Settings

LIFETIME = timedelta(days=7)


async def invite(
    session: WriteSession, settings: Settings, principal: Principal, body: InvitationCreate
) -> InvitationCreated:
    """Make an invitation; the answer is the only place where its token stands."""
    token = tokens.new_secret("invitation")
    row = Invitation(
        workspace_id=principal.workspace_id,
        invitation_ulid=new_ulid(),
        token_hash=tokens.secret_hash(token),
        role=body.role,
        email=body.email,
        created_by=principal.user_id,
        expires_at=body.expires_at or now() + LIFETIME,
    )
    session.add(row)
    await session.flush()
    audit.record(session, principal, "invitation.create", row.invitation_ulid, after={"role": row.role})
    return InvitationCreated(
        **_read(row).model_dump(),
        token=token,
        link=links.link(settings, "invitation", token),
        mailed=body.email is not None and bool(settings.public_url) and mail.is_configured(settings),
    )


async def mail_link(database: Database, settings: Settings, principal: Principal, made: InvitationCreated) -> None:
    """Mail the link of the principal's invitation that says it is `mailed`."""
    async with database.read(principal.workspace_id) as session:
        workspace = (await session.scalars(queries.people.workspace(principal.workspace_id))).one()
    text = links.invitation_text(
        inviter=principal.name,
        workspace=workspace.name,
        role=made.role,
        link=made.link,
        expires=format_instant(made.expires_at),
    )
    await mail.send(settings, made.email or "", links.INVITATION_SUBJECT, text)


async def list_invitations(session: ReadSession, workspace_id: int, asked: Asked) -> Page[InvitationRead]:
    """Those that can still be used, oldest first."""
    key = asked.key(str)
    rows = await session.scalars(queries.people.invitations(workspace_id, after=key and key[0], limit=asked.fetch))
    return asked.cut(rows.all(), lambda row: (row.invitation_ulid,)).map(_read)


async def withdraw(session: WriteSession, principal: Principal, invitation_ulid: str) -> None:
    """Make an invitation useless. Raises: NoSuchInvitation."""
    role = await session.scalar(queries.people.withdraw_invitation(principal.workspace_id, invitation_ulid.upper()))
    if role is None:
        raise NoSuchInvitation("There is no invitation {invitation!r} in this workspace.", invitation=invitation_ulid)
    audit.record(session, principal, "invitation.withdraw", invitation_ulid, before={"role": role})


async def show(database: Database, token: str) -> InvitationShown:
    """What the invitation offers. Raises: NoSuchInvitation."""
    async with database.write() as session:
        row, workspace = await _find(session, token)
    return InvitationShown.model_validate(
        {
            "workspace_ulid": workspace.workspace_ulid,
            "workspace_name": workspace.name,
            "role": row.role,
            "expires_at": row.expires_at,
        }
    )


async def accept_as(session: WriteSession, principal: Principal, token: str) -> WorkspaceOfUser:
    """Let the principal join. Raises: NoSuchInvitation, AlreadyMember."""
    return await accept(session, await session.get_one(User, principal.person), token)


async def accept(session: WriteSession, user: User, token: str) -> WorkspaceOfUser:
    """Let the user join, and use the invitation up. Raises: NoSuchInvitation, AlreadyMember."""
    row, workspace = await _find(session, token)
    if await session.get(Membership, (workspace.workspace_id, user.user_id)) is not None:
        raise AlreadyMember("You belong to the workspace {workspace!r} already.", workspace=workspace.name)
    session.add(Membership(workspace_id=workspace.workspace_id, user_id=user.user_id, role=row.role))
    person = audit.person(user, workspace.workspace_id)
    facts = {"role": row.role, "invitation": row.invitation_ulid}
    audit.record(session, person, "member.join", user.user_ulid, after=facts)
    await session.delete(row)
    return WorkspaceOfUser.model_validate(
        {"workspace_ulid": workspace.workspace_ulid, "name": workspace.name, "role": row.role}
    )


async def _find(session: WriteSession, token: str) -> tuple[Invitation, Workspace]:
    row = (await session.execute(queries.people.invitation(tokens.secret_hash(token)))).one_or_none()
    if row is None:
        raise NoSuchInvitation("This invitation is not valid, has expired or was used.")
    return row.Invitation, row.Workspace


def _read(row: Invitation) -> InvitationRead:
    return InvitationRead.model_validate(
        {
            "invitation_id": row.invitation_ulid,
            "role": row.role,
            "email": row.email,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
        }
    )
