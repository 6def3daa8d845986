"""Registering, signing in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from app.auth import service
from app.auth.deps import Admin, InWriteTransaction, MaybePrincipal, SignedIn
from app.auth.errors import RegistrationClosed
from app.auth.principals import Principal
from app.auth.schemas import (
    Login,
    Me,
    Refresh,
    Register,
    Registered,
    Tokens,
    UserRow,
)
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized, invalid
from app.core.problems import problems
from app.core.settings import Settings
from app.core.strict_json import StrictRoute, parse_json

router = APIRouter(route_class=StrictRoute)

_FORM = {
    "type": "object",
    "required": ["username", "password"],
    "example": {"grant_type": "password", "username": "ana", "password": "violet-otter-42"},
    "properties": {
        "grant_type": {"type": "string", "pattern": "^password$"},
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
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


@router.post(
    "/auth/register", tags=["people"], status_code=201, responses=problems(Conflict, Forbidden, Unauthorized, NotFound)
)
async def register(
    body: Register, session: InWriteTransaction, principal: MaybePrincipal, settings: SettingsDep
) -> Registered:
    """Create a user and a workspace of their own.

    Who may do this is the setting `REGISTRATION`: anyone (`open`), only an administrator of the installation
    (`invite`), or nobody (`off`). The first user of all administers the installation.
    """
    _check_registration(settings, principal)
    return await service.register(session, body)


@router.post("/auth/login", tags=["people"], openapi_extra=_LOGIN_BODY, responses=problems(Unauthorized, Invalid))
async def login(body: Annotated[Login, Depends(login_body)], database: DatabaseDep, settings: SettingsDep) -> Tokens:
    """Sign in with JSON or the OAuth2 password form; a wrong password and an unknown user answer alike."""
    return await service.login(database, settings, body)


@router.post("/auth/refresh", tags=["people"], responses=problems(Unauthorized))
async def refresh(body: Refresh, database: DatabaseDep, settings: SettingsDep) -> Tokens:
    """Swap a refresh token for a new pair. Each serves once; a second use ends the session."""
    return await service.refresh(database, settings, body.refresh_token)


@router.post("/auth/logout", tags=["people"], status_code=204, responses=problems(Unauthorized, NotFound))
async def logout(principal: SignedIn, session: InWriteTransaction) -> None:
    """End the session at once: its access and refresh tokens open nothing any more."""
    await service.logout(session, str(principal.session_ulid))


@router.get("/auth/me", tags=["people"], responses=problems(Unauthorized, NotFound))
async def me(principal: SignedIn, session: InWriteTransaction) -> Me:
    """Who I am and which workspaces I belong to, in the order of joining."""
    return await service.me(session, int(principal.user_id or 0))


@router.get("/users", tags=["people"], responses=problems(Unauthorized, Forbidden, NotFound))
async def users(principal: Admin, session: InWriteTransaction) -> list[UserRow]:
    """Everybody on this installation; for its administrators."""
    if not principal.administers_installation:
        raise Forbidden("Only an administrator of the installation may see its users.")
    return await service.users(session)


def _check_registration(settings: Settings, principal: Principal | None) -> None:
    if settings.registration == "off":
        raise RegistrationClosed("Registration is closed on this installation.")
    if settings.registration == "invite" and not (principal and principal.administers_installation):
        raise RegistrationClosed("Only an administrator adds users on this installation.")
