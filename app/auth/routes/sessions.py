"""Signing in and out, by tokens for programs and by a cookie for browsers."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from pydantic import ValidationError

from app.auth import accounts, cookies, resets, sessions, tokens
from app.auth.deps import Agent, BrowserCookie, CookieHolder, InWriteTransaction, SignedIn, ThrottleDep
from app.auth.otp import MAX_TYPED
from app.auth.schemas.sessions import (
    BrowserSessionRead,
    Login,
    PasswordChange,
    Refresh,
    ResetAsk,
    ResetConfirm,
    Tokens,
)
from app.auth.schemas.shown import SessionRead
from app.core.clock import now
from app.core.db import Database
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthorized, invalid
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.settings import Settings
from app.core.strict_json import StrictRoute, parse_json

router = APIRouter(prefix="/auth", tags=["people"], route_class=StrictRoute)

_FORM = {
    "type": "object",
    "required": ["username", "password"],
    "example": {"grant_type": "password", "username": "ana", "password": "violet-otter-42"},
    "properties": {
        "grant_type": {"type": "string", "pattern": "^password$"},
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "totp": {"type": "string", "maxLength": MAX_TYPED},
    },
}
_LOGIN_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": Login.model_json_schema(),
                "example": {"username": "ana", "password": "violet-otter-42"},
            },
            "application/x-www-form-urlencoded": {"schema": _FORM},
        },
    }
}


async def login_body(request: Request) -> Login:
    """The login as JSON or as the OAuth2 form. Raises: Invalid."""
    if request.headers.get("content-type", "").startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        async with request.form(max_files=0, max_fields=10) as form:
            content: Any = dict(form)
    else:
        content = parse_json(await request.body())
    try:
        return Login.model_validate(content)
    except ValidationError as error:
        raise invalid(error.errors(), ("body",)) from None


@router.post("/login", openapi_extra=_LOGIN_BODY, responses=problems(Unauthorized, Invalid, TooManyRequests))
async def login(
    body: Annotated[Login, Depends(login_body)],
    database: DatabaseDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
    agent: Agent,
) -> Tokens:
    """Sign in with JSON or the OAuth2 password form; a wrong password and an unknown user answer alike.

    Who has turned on a second step sends `totp` too. A right password without it answers 401 of the type
    `urn:sentinela:problem:totp-required`, with a wrong one `urn:sentinela:problem:wrong-totp`.
    """
    return await sessions.login(database, settings, throttle, body, agent)


@router.post("/refresh", responses=problems(Unauthorized))
async def refresh(body: Refresh, database: DatabaseDep, settings: SettingsDep) -> Tokens:
    """Swap a refresh token for a new pair. Each serves once; a second use ends the session."""
    return await sessions.refresh(database, settings, body.refresh_token)


@router.post("/session", responses=problems(Unauthorized, Forbidden, Invalid, TooManyRequests))
async def open_browser_session(
    body: Login,
    request: Request,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
    agent: Agent,
    old: BrowserCookie,
) -> BrowserSessionRead:
    """Sign a browser in: an httpOnly cookie instead of tokens, which scripts of a page cannot read.

    Send the answer's `csrf_token` in the header `Sentinela-CSRF` of every request that changes something. Each use
    prolongs the session, so there is nothing to refresh; `POST /auth/logout` ends it. `totp` as in `POST /auth/login`.
    """
    cookies.check_origin(request)
    opened = await sessions.login_browser(database, settings, throttle, body, agent, old)
    cookies.give(request, response, opened.secret, int(sessions.lifetime(settings).total_seconds()))
    return await _read(database, settings, opened.secret, opened.user_id)


@router.get("/session", responses=problems(Unauthorized))
async def browser_session(
    request: Request,
    response: Response,
    principal: CookieHolder,
    secret: BrowserCookie,
    database: DatabaseDep,
    settings: SettingsDep,
) -> BrowserSessionRead:
    """Who is signed in at this browser, and the `csrf_token` of its session; 401 when nobody is."""
    cookies.give(request, response, str(secret), int(sessions.lifetime(settings).total_seconds()))
    return await _read(database, settings, str(secret), principal.person)


@router.post("/logout", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def logout(principal: SignedIn, session: InWriteTransaction, request: Request, response: Response) -> None:
    """End the session at once: its access and refresh tokens, or its cookie, open nothing any more."""
    await sessions.logout(session, principal.person, str(principal.session_ulid))
    cookies.take_back(request, response)


@router.get("/sessions", responses=problems(Unauthorized, NotFound))
async def my_sessions(principal: SignedIn, session: InWriteTransaction) -> list[SessionRead]:
    """Where I am signed in, the newest first."""
    return await sessions.list_sessions(session, principal)


@router.delete("/sessions", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def end_sessions(
    principal: SignedIn,
    session: InWriteTransaction,
    others: Annotated[bool, Query(description="Leave the session of this request open.")] = False,
) -> None:
    """Sign me out everywhere, at once."""
    await sessions.end_all(session, principal, others)


@router.delete("/sessions/{session_id}", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def end_session(session_id: Annotated[str, IdPath], principal: SignedIn, session: InWriteTransaction) -> None:
    """Sign me out in one place, at once."""
    await sessions.end_one(session, principal, session_id)


@router.post("/password", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound, TooManyRequests))
async def change_password(
    body: PasswordChange, principal: SignedIn, database: DatabaseDep, throttle: ThrottleDep
) -> None:
    """Change my password; all my other sessions end."""
    await resets.change(database, throttle, principal, body)


@router.post("/reset", status_code=202, response_class=Response, responses=problems(Conflict, TooManyRequests))
async def ask_for_reset(
    body: ResetAsk, database: DatabaseDep, settings: SettingsDep, throttle: ThrottleDep, background: BackgroundTasks
) -> None:
    """Mail me a link by which I choose a new password, if I have an address here; the answer is the same if not."""
    await resets.check(settings, throttle, body.username)
    # After the answer, so that its time does not tell who is registered.
    background.add_task(resets.mail_link, database, settings, body.username)


@router.post("/reset/confirm", status_code=204, responses=problems(Unauthorized))
async def confirm_reset(body: ResetConfirm, database: DatabaseDep) -> None:
    """Choose a new password with the token of a link, which serves once; all sessions of the user end."""
    await resets.confirm(database, body)


async def _read(database: Database, settings: Settings, secret: str, user_id: int) -> BrowserSessionRead:
    async with database.write() as session:
        user = await accounts.me(session, user_id)
    csrf = tokens.csrf_token(settings.signing_key(), secret)
    return BrowserSessionRead(csrf_token=csrf, expires_at=now() + sessions.lifetime(settings), user=user)
