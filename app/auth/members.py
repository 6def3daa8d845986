"""Who belongs to a workspace. It always has an administrator: the last one hands over before they go."""

from typing import Any

from app.auth import audit, queries
from app.auth.errors import LastAdmin, NoSuchMember
from app.auth.principals import Principal, Role
from app.auth.schemas.workspaces import HandOver, MemberRead, RoleChange
from app.auth.tables import Membership, User
from app.core.clock import to_microseconds
from app.core.db import ReadSession, WriteSession
from app.core.paging import Asked, Page, instant_of


async def list_members(session: ReadSession, workspace_id: int, asked: Asked) -> Page[MemberRead]:
    """The members in the order of joining."""
    key = asked.key(int, int)
    after = key and (instant_of(key[0]), key[1])
    rows = (await session.execute(queries.people.members(workspace_id, after=after, limit=asked.fetch))).all()
    return asked.cut(rows, lambda row: (to_microseconds(row.joined_at), row.user_id)).map(_read)


async def change_role(session: WriteSession, principal: Principal, user_ulid: str, body: RoleChange) -> MemberRead:
    """Give a member another role. Raises: NoSuchMember, LastAdmin."""
    membership, user = await _find(session, principal.workspace_id, user_ulid)
    if membership.role != body.role:
        await _keep_an_admin(session, membership, body.role)
        _set_role(session, principal, membership, user, body.role)
    return _member(membership, user)


async def remove(session: WriteSession, principal: Principal, user_ulid: str) -> None:
    """Take a member out of the workspace. Raises: NoSuchMember, LastAdmin."""
    membership, user = await _find(session, principal.workspace_id, user_ulid)
    await _take_out(session, principal, membership, user)


async def leave(session: WriteSession, principal: Principal) -> None:
    """Leave the principal's workspace. Raises: LastAdmin."""
    membership, user = await _find(session, principal.workspace_id, principal.ulid)
    await _take_out(session, principal, membership, user)


async def hand_over(session: WriteSession, principal: Principal, body: HandOver) -> None:
    """Make another member administrator in place of the principal, who stays as an operator. Raises: NoSuchMember."""
    heir, heir_user = await _find(session, principal.workspace_id, body.user_id)
    own, own_user = await _find(session, principal.workspace_id, principal.ulid)
    if heir.user_id == own.user_id:
        return
    _set_role(session, principal, heir, heir_user, "admin")
    _set_role(session, principal, own, own_user, "operator")


async def leave_everything(session: WriteSession, user: User) -> list[int]:
    """Take a person out of all their workspaces; returns those where nobody is left. Raises: LastAdmin."""
    abandoned = []
    for workspace, role in (await session.execute(queries.people.workspaces_of(user.user_id))).all():
        await session.execute(queries.people.lock_workspace(workspace.workspace_id))
        others = (await session.execute(queries.people.other_members(workspace.workspace_id, user.user_id))).one()
        if others.members == 0:
            abandoned.append(workspace.workspace_id)
        elif role == "admin" and others.admins == 0:
            raise LastAdmin(
                "You are the last administrator of {workspace!r}: hand it over first.", workspace=workspace.name
            )
    return abandoned


async def _take_out(session: WriteSession, principal: Principal, membership: Membership, user: User) -> None:
    await _keep_an_admin(session, membership, None)
    action = "member.leave" if user.user_ulid == principal.ulid else "member.remove"
    audit.record(session, principal, action, user.user_ulid, before={"role": membership.role})
    await session.delete(membership)


async def _find(session: WriteSession, workspace_id: int, user_ulid: str) -> tuple[Membership, User]:
    """A membership, which nobody else changes until the transaction's end. Raises: NoSuchMember."""
    await session.execute(queries.people.lock_workspace(workspace_id))
    row = (await session.execute(queries.people.member(workspace_id, user_ulid.upper()))).one_or_none()
    if row is None:
        raise NoSuchMember("There is no member {user!r} in this workspace.", user=user_ulid)
    return row.Membership, row.User


async def _keep_an_admin(session: WriteSession, membership: Membership, role: Role | None) -> None:
    """Raises: LastAdmin when this would leave the workspace without one."""
    if membership.role != "admin" or role == "admin":
        return
    others = (await session.execute(queries.people.other_members(membership.workspace_id, membership.user_id))).one()
    if others.admins == 0:
        raise LastAdmin("A workspace keeps an administrator: make another member one first.")


def _set_role(session: WriteSession, principal: Principal, membership: Membership, user: User, role: Role) -> None:
    before = {"role": membership.role}
    membership.role = role
    audit.record(session, principal, "member.change", user.user_ulid, before, {"role": role})


def _member(membership: Membership, user: User) -> MemberRead:
    return MemberRead.model_validate(
        {
            "user_id": user.user_ulid,
            "username": user.username,
            "role": membership.role,
            "joined_at": membership.joined_at,
        }
    )


def _read(row: Any) -> MemberRead:
    return MemberRead(user_id=row.user_ulid, username=row.username, role=row.role, joined_at=row.joined_at)
