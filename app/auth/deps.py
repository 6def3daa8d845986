"""What routes ask of a request: who it is, what they may do, and a transaction in their workspace."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Protocol, cast

import structlog
from fastapi import Depends, Header, Request
from fastapi.datastructures import Headers
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer

from app.auth import cookies, service
from app.auth.errors import DeviceKeyOnly, InvalidCredential, NoCredential
from app.auth.principals import Principal, Scope
from app.auth.throttle import Throttle
from app.core.db import ReadSession, WriteSession
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden
from app.core.identifiers import IdPath
from app.core.text import NO_CONTROL_CHARACTERS

_user = OAuth2PasswordBearer(
    tokenUrl="/auth/login", scheme_name="User", description="A user's access token.", auto_error=False
)
# Declared for the documentation; `cookies` knows what the cookie is called over https.
_browser = APIKeyCookie(
    name=cookies.COOKIE,
    scheme_name="Browser",
    description="The cookie of `POST /auth/session`; what changes something also takes `Sentinela-CSRF`.",
    auto_error=False,
)
_key = HTTPBearer(
    scheme_name="Key", description="An API key (`snt_k_…`) or a device key (`snt_d_…`).", auto_error=False
)

WORKSPACE_HEADER = "Sentinela-Workspace"
WorkspaceHeader = Annotated[
    str | None,
    Header(
        alias=WORKSPACE_HEADER,
        description="The workspace to act on; by default the first one joined.",
        max_length=64,
        pattern=NO_CONTROL_CHARACTERS,
    ),
]


def sent_credential(headers: Headers) -> str | None:
    """The credential of `Authorization: Bearer …`, for a route that takes no dependencies."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


async def bearer(
    token: Annotated[str | None, Depends(_user)],
    key: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)],
    _: Annotated[str | None, Depends(_browser)],
) -> str | None:
    """The credential as sent in the header; its two schemes differ in the documentation alone."""
    return key.credentials if key else token


async def get_agent(request: Request) -> str | None:
    """What the client calls itself."""
    return request.headers.get("user-agent")


async def get_throttle(request: Request) -> Throttle:
    return cast(Throttle, request.app.state.throttle)


async def asked_workspace(request: Request, header: WorkspaceHeader = None) -> str | None:
    """The workspace that the path names, else the header's: below /workspaces/{workspace_ulid} the path decides."""
    return request.path_params.get("workspace_ulid", header)


async def named_in_the_path(workspace_ulid: Annotated[str, IdPath]) -> None:
    """Declares the parameter of a route below /workspaces/{workspace_ulid}, which `asked_workspace` reads."""


class Keys(Protocol):
    """What the process remembers of keys, for a second at the most (ADR 4)."""

    async def holder(self, credential: str, workspace_ulid: str | None) -> Principal:
        """Who holds this key. Raises: InvalidCredential, NoSuchWorkspace."""


async def holder_of(request: Request, credential: str, workspace: str | None) -> Principal:
    """Who holds it: a key is remembered, of a token the database is asked.

    Raises: InvalidCredential, NoSuchWorkspace.
    """
    state = request.app.state
    if service.is_key(credential):
        return await cast(Keys, state.keys).holder(credential, workspace)
    return await service.authenticate(state.database, state.settings, state.key_uses, credential, workspace)


async def maybe_authenticated(
    request: Request,
    credential: Annotated[str | None, Depends(bearer)],
    database: DatabaseDep,
    settings: SettingsDep,
    workspace: Annotated[str | None, Depends(asked_workspace)],
) -> Principal | None:
    principal = None
    if credential:
        principal = await holder_of(request, credential, workspace)
    elif secret := cookies.secret_of(request):
        principal = await service.authenticate_browser(database, settings, secret, workspace)
        if principal:
            cookies.check_csrf(request, secret)
    if principal:
        structlog.contextvars.bind_contextvars(workspace_id=principal.workspace_id, user_id=principal.user_id)
    return principal


async def authenticated(principal: Annotated[Principal | None, Depends(maybe_authenticated)]) -> Principal:
    if principal is None:
        raise NoCredential("Send a credential: Authorization: Bearer <token or key>.")
    return principal


def require(scope: Scope) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets through whoever has the scope; a device key opens `POST /data` and nothing else."""

    async def check(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
        if principal.server_id is not None:
            raise DeviceKeyOnly("A device key may only send its own server's readings.")
        principal.require(scope)
        return principal

    return check


async def browser_cookie(request: Request) -> str | None:
    return cookies.secret_of(request)


BrowserCookie = Annotated[str | None, Depends(browser_cookie)]


async def signed_in_by_cookie(secret: BrowserCookie, database: DatabaseDep, settings: SettingsDep) -> Principal:
    """Only a browser with an open session, whatever else it sends."""
    principal = await service.authenticate_browser(database, settings, secret, None) if secret else None
    if principal is None:
        raise NoCredential("This browser is not signed in: POST /auth/session.")
    return principal


async def installation_admin(principal: Annotated[Principal, Depends(require("admin"))]) -> Principal:
    if not principal.administers_installation:
        raise Forbidden("Only an administrator of the installation may see its users.")
    return principal


async def signed_in(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """Only a person with an access token: a key has no session to end and no self to show."""
    if principal.session_ulid is None:
        raise InvalidCredential("This needs a user's access token; a key does not do.")
    return principal


def signed_in_as(scope: Scope) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets through only a person, and one whose role in the workspace has the scope."""

    async def check(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
        principal.require(scope)
        return principal

    return check


ThrottleDep = Annotated[Throttle, Depends(get_throttle)]
Agent = Annotated[str | None, Depends(get_agent)]
Reader = Annotated[Principal, Depends(require("read"))]
Writer = Annotated[Principal, Depends(require("write"))]
Admin = Annotated[Principal, Depends(require("admin"))]
CookieHolder = Annotated[Principal, Depends(signed_in_by_cookie)]
Member = Annotated[Principal, Depends(signed_in_as("read"))]
AdminMember = Annotated[Principal, Depends(signed_in_as("admin"))]
InstallationAdmin = Annotated[Principal, Depends(installation_admin)]
SignedIn = Annotated[Principal, Depends(signed_in)]
MaybePrincipal = Annotated[Principal | None, Depends(maybe_authenticated)]


async def read_transaction(
    principal: Annotated[Principal, Depends(authenticated)], database: DatabaseDep
) -> AsyncIterator[ReadSession]:
    async with database.read(principal.workspace_id) as session:
        yield session


async def write_transaction(
    principal: Annotated[Principal | None, Depends(maybe_authenticated)], database: DatabaseDep
) -> AsyncIterator[WriteSession]:
    async with database.write(principal.workspace_id if principal else None) as session:
        yield session


# scope="function": the transaction ends before the answer goes out, so that a failed commit is never a 2xx.
InReadTransaction = Annotated[ReadSession, Depends(read_transaction, scope="function")]
InWriteTransaction = Annotated[WriteSession, Depends(write_transaction, scope="function")]
