"""Statements of the second step of a sign-in."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Delete, Insert, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.auth.tables import Membership, RecoveryCode, SecondFactor


def enrol(user_id: int, salt: bytes) -> Any:
    """Begin, or begin anew; returns nothing where the user has one that is confirmed."""
    fresh = insert(SecondFactor).values(user_id=user_id, salt=salt)
    again = fresh.on_conflict_do_update(
        index_elements=["user_id"], set_={"salt": salt}, where=SecondFactor.confirmed_at.is_(None)
    )
    return again.returning(SecondFactor.user_id)


def confirm(user_id: int, salt: bytes, step: int) -> Any:
    """The first code was right; returns nothing where another request was faster."""
    pending = and_(SecondFactor.user_id == user_id, SecondFactor.salt == salt, SecondFactor.confirmed_at.is_(None))
    confirmed = update(SecondFactor).where(pending).values(confirmed_at=func.now(), last_step=step)
    return confirmed.returning(SecondFactor.user_id)


def use_step(user_id: int, salt: bytes, step: int) -> Any:
    """Take the code of this time step; returns nothing where it, or a later one, was used before."""
    unused = or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step)
    mine = and_(SecondFactor.user_id == user_id, SecondFactor.salt == salt, SecondFactor.confirmed_at.is_not(None))
    return update(SecondFactor).where(mine, unused).values(last_step=step).returning(SecondFactor.user_id)


def turn_off(user_id: int) -> Any:
    """Delete it; its recovery codes go with it."""
    return delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.confirmed_at)


def use_recovery_code(user_id: int, code_hash: bytes) -> Any:
    mine = and_(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash)
    return delete(RecoveryCode).where(mine).returning(RecoveryCode.user_id)


def forget_recovery_codes(user_id: int) -> Delete:
    return delete(RecoveryCode).where(RecoveryCode.user_id == user_id)


def keep_recovery_codes(user_id: int, hashes: Iterable[bytes]) -> Insert:
    return insert(RecoveryCode).values([{"user_id": user_id, "code_hash": one} for one in hashes])


def count_recovery_codes(user_id: int) -> Select[int]:
    return select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)


def shared_elsewhere(user_id: int, admin_id: int) -> Any:
    """Whether the user shares a workspace with others that this administrator does not administer."""
    other, admin = aliased(Membership), aliased(Membership)
    shared = exists().where(other.workspace_id == Membership.workspace_id, other.user_id != user_id)
    administers = exists().where(
        admin.workspace_id == Membership.workspace_id, admin.user_id == admin_id, admin.role == "admin"
    )
    return select(exists().where(Membership.user_id == user_id, shared, ~administers))
