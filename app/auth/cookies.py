"""A browser's session on the wire: its cookie, and the proof that a request comes from our own pages.

How a page signs in: `POST /auth/session` with username and password. The answer sets an httpOnly cookie, which scripts
never see, and says `csrf_token`. Every request that changes something carries it in the header `Sentinela-CSRF`; a page
that was loaded anew asks `GET /auth/session` for it. Use prolongs the session, so there is nothing to refresh.

Three walls keep other sites from acting with the cookie: SameSite=Strict; the header, whose value only our pages can
read and no form can send; and the browser's own word about where the request comes from (Sec-Fetch-Site, else Origin).
"""

import hmac
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.auth import tokens
from app.auth.errors import CrossSite, NoCsrfToken
from app.auth.handshakes import Sealed
from app.core.settings import Settings

CSRF_HEADER = "Sentinela-CSRF"
COOKIE = "sentinela_session"
# Browsers take a cookie of this name from this host over https alone: no other host or plain http can plant one.
SECURE_COOKIE = "__Host-sentinela_session"
# What is under way at an OIDC provider. Lax, for it must come back from there.
HANDSHAKE = "sentinela_oidc"
SECURE_HANDSHAKE = "__Host-sentinela_oidc"
_SAFE = ("GET", "HEAD", "OPTIONS")


def secret_of(request: Request) -> str | None:
    """The session's secret as the browser sent it."""
    settings: Settings = request.app.state.settings
    return request.cookies.get(SECURE_COOKIE if _is_secure(request, settings) else COOKIE)


def give(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Let the browser keep the secret for so long; nothing that shows the session may be stored on the way."""
    response.headers["Cache-Control"] = "no-store"
    _set(request, response, secret, seconds)


def take_back(request: Request, response: Response) -> None:
    """The browser forgets the cookie; its session has ended already."""
    if secret_of(request) is not None:
        _set(request, response, "", 0)


def handshake_of(request: Request) -> str | None:
    """What is under way at an OIDC provider, as the browser sent it."""
    return request.cookies.get(SECURE_HANDSHAKE if _is_secure(request, request.app.state.settings) else HANDSHAKE)


def give_handshake(request: Request, response: Response, settings: Settings, sealed: Sealed) -> None:
    """Let the browser keep it while it lasts."""
    value = sealed.seal(settings.signing_key())
    _set_handshake(request, response, value, int(sealed.LIFETIME.total_seconds()))


def take_back_handshake(request: Request, response: Response) -> None:
    """The browser forgets it: it has served, or has to be begun anew."""
    _set_handshake(request, response, "", 0)


def _set_handshake(request: Request, response: Response, value: str, seconds: int) -> None:
    response.headers["Cache-Control"] = "no-store"
    secure = _is_secure(request, request.app.state.settings)
    name = SECURE_HANDSHAKE if secure else HANDSHAKE
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _set(request: Request, response: Response, value: str, seconds: int) -> None:
    secure = _is_secure(request, request.app.state.settings)
    name = SECURE_COOKIE if secure else COOKIE
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")


def _is_secure(request: Request, settings: Settings) -> bool:
    return request.url.scheme == "https" or settings.public_url.startswith("https://")


def check_origin(request: Request) -> None:
    """Refuse a request that a browser says comes from another site. Raises: CrossSite."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSite("This request comes from another site.")
        return
    origin = request.headers.get("origin")
    own = {request.headers.get("host"), _host_of(request.app.state.settings.public_url)} - {"", None}
    # A page without an origin of its own, such as a sandboxed frame, says "null".
    if origin is not None and _host_of(origin) not in own:
        raise CrossSite("This request comes from another site.")


def _host_of(address: str) -> str:
    """Host and port of an address; nothing for a text that is none, which is nobody's own."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def check_csrf(request: Request, secret: str) -> None:
    """Let a request with a cookie change something only when our own page sent it. Raises: CrossSite, NoCsrfToken."""
    if request.method in _SAFE:
        return
    check_origin(request)
    sent = request.headers.get(CSRF_HEADER, "")
    expected = tokens.csrf_token(request.app.state.settings.signing_key(), secret)
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise NoCsrfToken("Send the csrf_token of GET /auth/session in the header Sentinela-CSRF.")
