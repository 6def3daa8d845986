"""Statements of keys."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Update,
    and_,
    any_,
    false,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from app.auth.tables import AuthEpoch, Credential, User, Workspace


def unrevoked(credential_ids: Collection[int]) -> Any:
    """Number, scopes and end of those of these keys that are not revoked."""
    columns = (Credential.credential_id, Credential.scopes, Credential.expires_at)
    return select(*columns).where(_one_of(credential_ids), Credential.revoked_at.is_(None))


def epoch() -> Select[int]:
    return select(AuthEpoch.epoch)


def credential_by_hash(key_hash: bytes) -> Any:
    """A key that is neither revoked nor expired, its workspace, and whether its maker runs the installation."""
    administers = func.coalesce(User.administers_installation, false()).label("administers_installation")
    return (
        select(Credential, Workspace.workspace_ulid, administers)
        .join(Workspace, Workspace.workspace_id == Credential.workspace_id)
        .outerjoin(User, User.user_id == Credential.created_by)
        .where(
            Credential.key_hash == key_hash,
            Credential.revoked_at.is_(None),
            or_(Credential.expires_at.is_(None), Credential.expires_at > func.now()),
        )
    )


def note_uses(credential_ids: Collection[int]) -> Update:
    """Set `last_used_at` of those keys that were not noted within the last minute, by whichever process.

    A row that another process holds is passed over: that one notes the use, or revokes the key.
    """
    stale = or_(Credential.last_used_at.is_(None), Credential.last_used_at < func.now() - text("interval '1 minute'"))
    used = select(Credential.credential_id).where(_one_of(credential_ids), stale)
    free = used.with_for_update(key_share=True, skip_locked=True)
    return update(Credential).where(Credential.credential_id.in_(free)).values(last_used_at=func.now())


def keys(
    workspace_id: int, server_id: int | None = None, *, after: str | None = None, limit: int | None = None
) -> Select[Credential]:
    """The server's device keys, or without one the workspace's API keys, oldest first; none that was revoked."""
    statement = select(Credential).where(_live(workspace_id, server_id)).order_by(Credential.credential_ulid)
    return (statement if after is None else statement.where(Credential.credential_ulid > after)).limit(limit)


def revoke_key(workspace_id: int, server_id: int | None, credential_ulid: str) -> Any:
    return (
        update(Credential)
        .where(_live(workspace_id, server_id), Credential.credential_ulid == credential_ulid)
        .values(revoked_at=func.now())
        .returning(Credential.name)
    )


def end_keys(workspace_id: int, server_id: int, moment: datetime) -> Update:
    """The server's keys are valid until then; one that ends before does not live longer for it."""
    sooner = func.least(Credential.expires_at, moment)
    return update(Credential).where(_live(workspace_id, server_id)).values(expires_at=sooner)


def _one_of(credential_ids: Collection[int]) -> ColumnElement[bool]:
    # As one array: of parameters a statement takes 65,535, and a fleet may have more keys.
    return Credential.credential_id == any_(literal(list(credential_ids), ARRAY(Integer)))


def _live(workspace_id: int, server_id: int | None) -> ColumnElement[bool]:
    # SQLAlchemy turns `== None` into IS NULL.
    of_server = Credential.server_id == server_id
    return and_(Credential.workspace_id == workspace_id, of_server, Credential.revoked_at.is_(None))
