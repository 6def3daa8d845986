"""Signing in with a code beside the password: turned on, off, and lost."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.auth import factors
from app.auth.deps import AdminMember, InstallationAdmin, InWriteTransaction, SignedIn, ThrottleDep, named_in_the_path
from app.auth.schemas.factors import BothProofs, Enrolment, FactorRead, FirstCode, RecoveryCodes
from app.auth.schemas.people import PasswordProof
from app.auth.schemas.sessions import ResetAsk
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthorized
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(tags=["people"], route_class=StrictRoute)


async def keep_nowhere(response: Response) -> None:
    """What shows a secret may be stored by nobody on the way."""
    response.headers["Cache-Control"] = "no-store"


_UNSTORED = [Depends(keep_nowhere)]
_PROVED = problems(Unauthorized, Forbidden, NotFound, Conflict, TooManyRequests)
_RESET = problems(Unauthorized, Forbidden, NotFound, Conflict)


@router.get("/auth/totp", responses=problems(Unauthorized, NotFound))
async def second_factor(principal: SignedIn, session: InWriteTransaction) -> FactorRead:
    """Whether I sign in with a code beside my password."""
    return await factors.read(session, principal)


@router.post("/auth/totp", status_code=201, responses=_PROVED, dependencies=_UNSTORED)
async def enrol_second_factor(
    body: PasswordProof, principal: SignedIn, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep
) -> Enrolment:
    """Begin to sign in with a code: a secret for my authenticator, shown this once.

    Nothing changes until `POST /auth/totp/confirm` has its first code; until then this begins anew.
    """
    return await factors.enrol(database, settings, throttle, principal, body.password)


@router.post("/auth/totp/confirm", responses=_PROVED, dependencies=_UNSTORED)
async def confirm_second_factor(
    body: FirstCode, principal: SignedIn, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep
) -> RecoveryCodes:
    """Turn it on with a first code of the authenticator. My other sessions end; the recovery codes are shown this once.

    From now on signing in takes a code, which serves once. Each recovery code opens once in its place.
    """
    return await factors.confirm(database, settings, throttle, principal, body.totp)


@router.post("/auth/totp/recovery-codes", responses=_PROVED, dependencies=_UNSTORED)
async def renew_recovery_codes(
    body: BothProofs, principal: SignedIn, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep
) -> RecoveryCodes:
    """Make new recovery codes; the old ones open nothing any more."""
    return await factors.renew_codes(database, settings, throttle, principal, body)


@router.post("/auth/totp/disable", status_code=204, responses=_PROVED)
async def disable_second_factor(
    body: BothProofs, principal: SignedIn, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep
) -> None:
    """Turn it off, with my password and a code: from now on the password does."""
    await factors.disable(database, settings, throttle, principal, body)


@router.post("/users/totp/reset", status_code=204, responses=_RESET)
async def reset_second_factor(body: ResetAsk, principal: InstallationAdmin, session: InWriteTransaction) -> None:
    """Turn it off for a user who has lost their device; they are signed out everywhere.

    For administrators of the installation.
    """
    await factors.reset_user(session, principal, body.username)


@router.delete(
    "/workspaces/{workspace_ulid}/members/{user_id}/totp",
    status_code=204,
    responses=_RESET,
    dependencies=[Depends(named_in_the_path)],
)
async def reset_second_factor_of_member(
    user_id: Annotated[str, IdPath], principal: AdminMember, session: InWriteTransaction
) -> None:
    """Turn it off for a member who has lost their device; they are signed out everywhere.

    Of a person who shares other workspaces, which I do not administer, only an administrator of the installation may.
    """
    await factors.reset_member(session, principal, user_id)
