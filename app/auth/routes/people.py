"""People: registering, who is who, and what a person may ask of their own account."""

from fastapi import APIRouter, Response

from app.auth import accounts, resets
from app.auth.deps import InstallationAdmin, InWriteTransaction, MaybePrincipal, SignedIn
from app.auth.errors import RegistrationClosed
from app.auth.principals import Principal
from app.auth.schemas.people import AccountExport, Me, MePatch, Register, Registered, UserRow
from app.auth.schemas.sessions import ResetAsk, ResetCreated
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.paging import Pages
from app.core.problems import problems
from app.core.settings import Settings
from app.core.strict_json import StrictRoute

router = APIRouter(tags=["people"], route_class=StrictRoute)


@router.post("/auth/register", status_code=201, responses=problems(Conflict, Forbidden, Unauthorized, NotFound))
async def register(
    body: Register,
    session: InWriteTransaction,
    principal: MaybePrincipal,
    database: DatabaseDep,
    settings: SettingsDep,
) -> Registered:
    """Create a user and a workspace of their own; with an `invitation` they join its workspace instead.

    Who may do this is the setting `REGISTRATION`: anyone (`open`), whoever holds an invitation and administrators of
    the installation (`invite`), or nobody (`off`). The first user of all administers the installation.
    """
    _check_registration(settings, principal, body)
    return await accounts.register(database, session, body)


@router.get("/auth/me", responses=problems(Unauthorized, NotFound))
async def me(principal: SignedIn, session: InWriteTransaction) -> Me:
    """Who I am and which workspaces I belong to, in the order of joining."""
    return await accounts.me(session, principal.person)


@router.patch("/auth/me", responses=problems(Unauthorized, Forbidden, NotFound))
async def change_me(body: MePatch, principal: SignedIn, session: InWriteTransaction) -> Me:
    """Change my address for mails."""
    return await accounts.patch(session, principal, body)


@router.get("/auth/me/export", responses=problems(Unauthorized, NotFound))
async def export_me(principal: SignedIn, session: InWriteTransaction, response: Response) -> AccountExport:
    """All that this installation knows of me, as a file."""
    response.headers["Content-Disposition"] = 'attachment; filename="sentinela-account.json"'
    return await accounts.export(session, principal)


@router.get("/users", responses=problems(Unauthorized, Forbidden, NotFound))
async def users(_: InstallationAdmin, session: InWriteTransaction, pages: Pages) -> list[UserRow]:
    """Everybody on this installation, by name; for its administrators."""
    return pages.give(await accounts.users(session, pages.asked))


@router.post("/users/reset", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound))
async def reset_user(
    body: ResetAsk, principal: InstallationAdmin, session: InWriteTransaction, settings: SettingsDep
) -> ResetCreated:
    """Make a link by which a user chooses a new password, valid for an hour; for the installation's administrators."""
    return await resets.create_for(session, settings, principal, body.username)


def _check_registration(settings: Settings, principal: Principal | None, body: Register) -> None:
    if settings.registration == "off":
        raise RegistrationClosed("Registration is closed on this installation.")
    allowed = body.invitation is not None or (principal is not None and principal.administers_installation)
    if settings.registration == "invite" and not allowed:
        raise RegistrationClosed("Only who is invited, or an administrator adds, registers on this installation.")
