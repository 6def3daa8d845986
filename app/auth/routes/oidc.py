"""Signing in by an OIDC provider, for browsers."""

from typing import Annotated, cast

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.auth import cookies, externals, identities, sessions
from app.auth.deps import Agent, BrowserCookie, ThrottleDep
from app.auth.errors import NoProvider, SignInLost
from app.auth.handshakes import Connecting, Handshake, SignIn
from app.auth.id_tokens import Identity
from app.auth.provider import Provider
from app.auth.schemas.oidc import Begin, Begun, Ways
from app.core import db
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, Invalid, NotFound, Problem, Unavailable
from app.core.problems import problems, unavailable
from app.core.settings import Settings
from app.core.strict_json import StrictRoute

router = APIRouter(prefix="/auth", tags=["people"], route_class=StrictRoute)
# Where people connect their account, and come back to.
PROFILE = "/ui/profile"
log = structlog.get_logger()


async def configured_provider(request: Request) -> Provider:
    """Raises: NoProvider."""
    provider = cast(Provider | None, request.app.state.provider)
    if provider is None:
        raise NoProvider("This installation has no OIDC provider.")
    return provider


ProviderDep = Annotated[Provider, Depends(configured_provider)]
Said = Annotated[str | None, Query()]


@router.get("/ways")
async def ways_to_sign_in(settings: SettingsDep) -> Ways:
    """How people may sign in beside name and password; for the page, before anybody has."""
    return Ways(provider=settings.oidc_name if settings.oidc_issuer else None)


@router.post("/oidc", responses=problems(NotFound, Forbidden, Invalid, Unavailable))
async def begin_at_provider(
    body: Begin, request: Request, response: Response, provider: ProviderDep, settings: SettingsDep, old: BrowserCookie
) -> Begun:
    """Begin to sign this browser in by the OIDC provider: a cookie for ten minutes, and the address to go on at.

    404 where none is configured.
    """
    cookies.check_origin(request)
    handshake, address = await externals.start(provider, body, old)
    cookies.give_handshake(request, response, settings, handshake)
    return Begun(authorization_url=address)


@router.get("/oidc/callback", status_code=303, response_class=RedirectResponse, responses=problems(NotFound))
async def come_back_from_provider(
    request: Request,
    provider: ProviderDep,
    database: DatabaseDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
    agent: Agent,
    code: Said = None,
    state: Said = None,
    iss: Said = None,
) -> Response:
    """Where the provider sends the browser back to: signed in, and on to the page; else to the sign-in page.

    What went wrong stands there in the query as `sign_in`, by the kind of its problem. Whoever connects their account
    comes back to their profile, with `connect`.
    """
    handshake: SignIn | Connecting | None = None
    try:
        handshake = externals.recognise(settings, cookies.handshake_of(request), state)
        identity = await externals.identify(provider, throttle, handshake, code, iss)
        if isinstance(handshake, Connecting):
            return _proved(request, settings, handshake, identity)
        opened, is_new = await externals.enter(database, settings, identity, handshake, agent)
    except db.UNAVAILABLE as error:
        return _failed(request, unavailable(request, error), handshake)
    except Problem as problem:
        return _failed(request, problem, handshake)
    response = RedirectResponse(_page_after(handshake, is_new), 303)
    cookies.give(request, response, opened.secret, int(sessions.lifetime(settings).total_seconds()))
    cookies.take_back_handshake(request, response)
    return response


def _proved(request: Request, settings: Settings, handshake: Connecting, identity: Identity) -> Response:
    response = RedirectResponse(f"{PROFILE}?connect=proved", 303)
    cookies.give_handshake(request, response, settings, identities.proved(handshake, identity))
    return response


def _page_after(handshake: SignIn, is_new: bool) -> str:
    if handshake.invitation is None:
        return f"/ui{handshake.to}"
    # Whoever was here already joins by their own word, on the invitation's page; its token stays behind the #.
    return "/ui/" if is_new else f"/ui/invitation#{handshake.invitation}"


def _failed(request: Request, problem: Problem, handshake: Handshake | None) -> Response:
    log.warning("oidc_sign_in_failed", kind=problem.kind, reason=problem.params.get("reason", str(problem)))
    place = f"{PROFILE}?connect=" if isinstance(handshake, Connecting) else "/ui/?sign_in="
    response = RedirectResponse(place + problem.kind, 303)
    response.headers["Cache-Control"] = "no-store"
    # Somebody else's answer must not end the sign-in that is under way here.
    if not isinstance(problem, SignInLost):
        cookies.take_back_handshake(request, response)
    return response
