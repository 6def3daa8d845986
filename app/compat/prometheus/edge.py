"""Who asks, and errors in the shape that Prometheus' clients read: `{"status":"error","errorType":…,"error":…}`."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

import structlog
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from app.auth.deps import asked_workspace, holder_of
from app.auth.errors import DeviceKeyOnly, NoCredential
from app.auth.principals import Principal
from app.compat import credentials
from app.compat.prometheus.asking import Asker
from app.compat.prometheus.errors import BadExpression
from app.compat.prometheus.schemas import Failure
from app.core import db
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Problem, invalid
from app.core.language import detail_of, message_of, prefers_portuguese
from app.core.problems import problem_response, unavailable
from app.readings.series import Series

PREFIX = "/api/v1"
# Prometheus' names by status; the first two it has none for.
_KINDS = {401: "unauthorized", 403: "forbidden", 400: "bad_data", 404: "not_found", 422: "execution"}
_TITLES = {
    400: "A bad parameter or expression",
    401: "Authentication required",
    403: "Not allowed",
    404: "No such workspace",
    422: "It cannot be computed, or costs too much",
    429: "Too many questions wait already",
    503: "Temporarily unavailable, or it took too long",
}
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": title} for status, title in _TITLES.items()
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PrometheusRoute(APIRoute):
    """A route whose errors look as Prometheus' do."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def shaped(request: Request) -> Response:
            try:
                return await handler(request)
            except Problem as problem:
                return _failure(request, problem, problem.status)
            except RequestValidationError as error:
                return _failure(request, invalid(error.errors()), 400)
            except db.UNAVAILABLE as error:
                return _failure(request, unavailable(request, error), 503)

        return shaped


def _failure(request: Request, problem: Problem, status: int) -> JSONResponse:
    portuguese = prefers_portuguese(request.headers.get("accept-language", ""))
    told = detail_of(problem, portuguese)
    if problem.errors:
        told = "; ".join(f"{fault['loc'][-1]}: {message_of(fault, portuguese)}" for fault in problem.errors)
    kind = _KINDS.get(status, "timeout" if problem.kind == "timeout" else "unavailable")
    body = {"status": "error", "errorType": kind, "error": told}
    return JSONResponse(body, status, dict(problem.headers))


def refusal(request: Request, problem: Problem) -> Response:
    """A problem from in front of the routes, as Prometheus has errors where its API is asked."""
    if request.url.path.startswith(PREFIX + "/"):
        return _failure(request, problem, problem.status)
    return problem_response(request, problem)


async def reader(request: Request, workspace: Annotated[str | None, Depends(asked_workspace)]) -> Principal:
    """Whoever may read, by a key or an access token: as Bearer, or as the password of Basic."""
    credential = credentials.sent(request.headers)
    if not credential:
        raise NoCredential("Send a credential: Authorization: Bearer <token or key>.")
    principal = await holder_of(request, credential, workspace)
    structlog.contextvars.bind_contextvars(workspace_id=principal.workspace_id, user_id=principal.user_id)
    if principal.server_id is not None:
        raise DeviceKeyOnly("A device key may only send its own server's readings.")
    principal.require("read")
    return principal


Reader = Annotated[Principal, Depends(reader)]


async def asker(request: Request, database: DatabaseDep, settings: SettingsDep, principal: Reader) -> Asker:
    return Asker(database, cast(Series, request.app.state.series), settings, principal)


AskerDep = Annotated[Asker, Depends(asker)]


def label_name(name: str) -> str:
    """The name of a label as a client writes it in a path. Raises: BadExpression."""
    if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit():
        raise BadExpression("{name!r} is no name of a label.", name=name)
    return name
