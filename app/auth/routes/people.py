"""People: registering, and who is who."""

from fastapi import APIRouter

from app.auth import accounts
from app.auth.deps import Admin, InWriteTransaction, MaybePrincipal, SignedIn
from app.auth.errors import RegistrationClosed
from app.auth.principals import Principal
from app.auth.schemas import Me, Register, Registered, UserRow
from app.core.deps import SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.problems import problems
from app.core.settings import Settings
from app.core.strict_json import StrictRoute

router = APIRouter(tags=["people"], route_class=StrictRoute)


@router.post("/auth/register", status_code=201, responses=problems(Conflict, Forbidden, Unauthorized, NotFound))
async def register(
    body: Register, session: InWriteTransaction, principal: MaybePrincipal, settings: SettingsDep
) -> Registered:
    """Create a user and a workspace of their own.

    Who may do this is the setting `REGISTRATION`: anyone (`open`), only an administrator of the installation
    (`invite`), or nobody (`off`). The first user of all administers the installation.
    """
    _check_registration(settings, principal)
    return await accounts.register(session, body)


@router.get("/auth/me", responses=problems(Unauthorized, NotFound))
async def me(principal: SignedIn, session: InWriteTransaction) -> Me:
    """Who I am and which workspaces I belong to, in the order of joining."""
    return await accounts.me(session, principal.person)


@router.get("/users", responses=problems(Unauthorized, Forbidden, NotFound))
async def users(principal: Admin, session: InWriteTransaction) -> list[UserRow]:
    """Everybody on this installation; for its administrators."""
    if not principal.administers_installation:
        raise Forbidden("Only an administrator of the installation may see its users.")
    return await accounts.users(session)


def _check_registration(settings: Settings, principal: Principal | None) -> None:
    if settings.registration == "off":
        raise RegistrationClosed("Registration is closed on this installation.")
    if settings.registration == "invite" and not (principal and principal.administers_installation):
        raise RegistrationClosed("Only an administrator adds users on this installation.")
