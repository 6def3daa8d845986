"""Connecting one's account to the identity that one has at the OIDC provider."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.auth import cookies, identities
from app.auth.deps import InWriteTransaction, SignedIn, ThrottleDep
from app.auth.routes.oidc import ProviderDep
from app.auth.schemas.identities import AccountProof, ConnectedIdentity, Disconnect, OwnIdentity
from app.auth.schemas.oidc import Begun
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthorized, Unavailable
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(prefix="/auth/me/identities", tags=["people"], route_class=StrictRoute)


async def handshake_cookie(request: Request) -> str | None:
    return cookies.handshake_of(request)


@router.get("", responses=problems(Unauthorized, NotFound))
async def my_identities(principal: SignedIn, session: InWriteTransaction, settings: SettingsDep) -> list[OwnIdentity]:
    """By which identities of an OIDC provider I sign in, the oldest first."""
    return await identities.own(session, settings, principal)


@router.post("", responses=problems(Unauthorized, Forbidden, NotFound, TooManyRequests, Unavailable))
async def begin_to_connect(
    body: AccountProof,
    principal: SignedIn,
    provider: ProviderDep,
    request: Request,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
) -> Begun:
    """Begin to connect my account to my identity at the OIDC provider: a cookie for ten minutes, and where to go on.

    The provider leads back to `/ui/profile?connect=proved`, whose page confirms it; what went wrong on the way stands
    there instead, by the kind of its problem. 404 where no provider is configured.
    """
    handshake, address = await identities.start(database, settings, throttle, provider, principal, body)
    cookies.give_handshake(request, response, settings, handshake)
    return Begun(authorization_url=address)


@router.post("/confirm", responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def confirm_connection(
    principal: SignedIn,
    session: InWriteTransaction,
    settings: SettingsDep,
    sealed: Annotated[str | None, Depends(handshake_cookie)],
    request: Request,
    response: Response,
) -> ConnectedIdentity:
    """Connect my account to the identity that the provider has just proved: from now on it opens my account too.

    Within two minutes, by the session that began, with the cookie of the way back.
    """
    connected = await identities.confirm(session, settings, principal, sealed)
    cookies.take_back_handshake(request, response)
    return connected


@router.post("/disconnect", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound, TooManyRequests))
async def disconnect_identity(
    body: Disconnect, principal: SignedIn, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep
) -> None:
    """Disconnect an identity: it opens my account no more, my password does. Sessions that it has opened stay."""
    await identities.disconnect(database, settings, throttle, principal, body)
