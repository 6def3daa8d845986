"""Every error as RFC 9457 `application/problem+json`, in the reader's language."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import QueryCanceled
from pydantic import BaseModel, Field
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.core import db, metrics
from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    Unauthorized,
    Unavailable,
    invalid,
    invalid_field,
)
from app.core.identifiers import ULID_EXAMPLE
from app.core.language import detail_of, message_of, prefers_portuguese, title_of
from app.core.text import first_line

MEDIA_TYPE = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TOO_LARGE_DETAIL = "The body is larger than {limit} bytes; send less at once, or a file to POST /imports."
log = structlog.get_logger()


class FieldErrorModel(BaseModel):
    """One fault of the input."""

    loc: list[str | int] = Field(examples=[["body", "temperature"]])
    msg: str = Field(examples=["Input should be a finite number"])
    type: str = Field(examples=["finite_number"])


class ProblemModel(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:sentinela:problem:invalid-input"])
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The request has 1 invalid field."])
    request_id: str = Field(examples=[ULID_EXAMPLE])
    errors: list[FieldErrorModel] | None = None


def problems(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Declared error responses of a route, for its `responses=`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemModel"}}}
    return {cls.status: {"description": cls.title, "content": content} for cls in classes}


class _NoSuchMethod(Problem):
    status = 405
    kind = "method-not-allowed"
    title = "Method not allowed"


class _NoSuchPath(NotFound):
    pass


_BY_STATUS: dict[int, type[Problem]] = {
    cls.status: cls for cls in (Unauthorized, Forbidden, NotFound, Conflict, TooLarge, Invalid, Unavailable)
}


def install(app: FastAPI, max_body_bytes: int) -> None:
    """Handlers for our own errors, validation, 404/405/413 of the framework, a database that is away, and bugs."""

    async def from_framework(request: Request, error: HTTPException) -> JSONResponse:
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
        return problem_response(request, _translate_status(error, max_body_bytes), headers)

    app.add_exception_handler(Problem, _from_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _from_validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, from_framework)  # type: ignore[arg-type]
    for kind in db.UNAVAILABLE:
        app.add_exception_handler(kind, _from_database)


def problem_response(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer for a problem; also for code outside the router, such as middleware."""
    portuguese = prefers_portuguese(request.headers.get("accept-language", ""))
    body: dict[str, Any] = {
        "type": f"urn:sentinela:problem:{problem.kind}",
        "title": title_of(problem, portuguese),
        "status": problem.status,
        "detail": detail_of(problem, portuguese),
        "request_id": request.scope.get("request_id", ""),
    }
    if problem.errors is not None:
        body["errors"] = [
            {"loc": fault["loc"], "msg": message_of(fault, portuguese), "type": fault["type"]}
            for fault in problem.errors
        ]
    body |= problem.more
    return JSONResponse(body, problem.status, {**problem.headers, **(headers or {})}, MEDIA_TYPE)


def _allowed(request: Request) -> str:
    """The methods that some route of this path takes; the framework names only the first route's."""
    scopes = ({**request.scope, "method": method} for method in METHODS)
    routes = request.app.routes
    return ", ".join(
        scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )


async def _from_problem(request: Request, error: Problem) -> JSONResponse:
    return problem_response(request, error)


async def _from_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    return problem_response(request, invalid(error.errors()))


async def _from_database(request: Request, error: Exception) -> JSONResponse:
    return problem_response(request, unavailable(request, error))


def unavailable(request: Request, error: Exception) -> Unavailable:
    """What to say of an error among `db.UNAVAILABLE`; it is counted and logged."""
    if isinstance(error, PoolTimeout):
        metrics.POOL_TIMEOUTS.inc()
    if isinstance(getattr(error, "orig", error), QueryCanceled):
        log.warning("statement_timed_out", path=request.url.path)
        return Unavailable("The database took too long; ask for less, or try again later.")
    log.warning("database_unavailable", error=first_line(error))
    return Unavailable("The database does not answer; try again in a moment.")


def _translate_status(error: HTTPException, max_body_bytes: int) -> Problem:
    if error.status_code == 404:
        return _NoSuchPath("There is nothing at this path.")
    if error.status_code == 405:
        return _NoSuchMethod("This path does not take this method; see Allow.")
    if error.status_code == 413:
        return TooLarge(TOO_LARGE_DETAIL, limit=max_body_bytes)
    if error.status_code == 400:
        return invalid_field(("body",), str(error.detail), "body")
    return _BY_STATUS.get(error.status_code, Problem)(str(error.detail).replace("{", "{{").replace("}", "}}"))
