"""`POST /write` and `POST /api/v2/write` of InfluxDB, and `/ping`, which its clients ask first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response

from app.auth.deps import WORKSPACE_HEADER
from app.auth.errors import InvalidCredential
from app.compat import credentials, writing
from app.compat.errors import PartialWrite, as_influxdb
from app.compat.schemas import WriteQuery1, WriteQuery2
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, Invalid, NotFound, TooLarge, TooManyRequests, Unauthorized, Unavailable
from app.core.language import prefers_portuguese
from app.core.problems import problems
from app.core.settings import Settings
from app.readings import formats
from app.readings.bodies import spooled
from app.readings.intake import Intake, Submission

router = APIRouter(tags=["what others speak"])
_PROBLEMS = problems(PartialWrite, Unauthorized, Forbidden, NotFound, TooLarge, Invalid, TooManyRequests, Unavailable)
_EXAMPLE = "weather,server=greenhouse temperature=25.3,humidity=48.2 1767225600000000000\n"
_OPENAPI: dict[str, Any] = {
    "security": [{"Key": []}, {"User": []}],
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
}


@router.post("/write", status_code=204, response_model=None, openapi_extra=_OPENAPI, responses=_PROBLEMS)
async def write_as_influxdb_1(
    request: Request, query: Annotated[WriteQuery1, Query()], database: DatabaseDep, settings: SettingsDep
) -> Response:
    """Points in InfluxDB's line protocol, as version 1 takes them: 204 once they are committed.

    A point's server is the value of its tag `server_ulid`, `server` or `host`: a ULID or a name. An unknown name is
    refused, or registered where the key may. A field `value` is called as its measurement, one with the name of a known
    quantity keeps it, any other becomes the custom quantity `measurement_field`, followed by the values of other tags.
    A key may carry another rule: `line_protocol` of `POST /keys`. Text is passed over; true and false are 1 and 0.

    The key comes as `Authorization: Token KEY` or as the password of Basic. Bad lines are named by a 400 as InfluxDB
    words it, and the others are stored.
    """
    with as_influxdb():
        if query.p is not None:
            raise InvalidCredential("No secret stands in a URL: send it as Authorization: Token <key>.")
        await _write(request, database, settings, query.precision)
    return Response(status_code=204)


@router.post("/api/v2/write", status_code=204, response_model=None, openapi_extra=_OPENAPI, responses=_PROBLEMS)
async def write_as_influxdb_2(
    request: Request, query: Annotated[WriteQuery2, Query()], database: DatabaseDep, settings: SettingsDep
) -> Response:
    """The same as version 2 takes it; `POST /write` tells how points become readings."""
    with as_influxdb():
        await _write(request, database, settings, query.precision)
    return Response(status_code=204)


@router.get("/ping", status_code=204, response_model=None)
@router.head("/ping", status_code=204, response_model=None, include_in_schema=False)
async def ping(request: Request) -> Response:
    """What InfluxDB's clients ask before they write."""
    return Response(status_code=204, headers={"X-Influxdb-Version": f"sentinela-{request.app.version}"})


async def _write(request: Request, database: DatabaseDep, settings: Settings, precision: str) -> None:
    intake = cast(Intake, request.app.state.intake)
    credential = credentials.sent(request.headers)
    principal = await intake.resolver.senders.principal(credential, request.headers.get(WORKSPACE_HEADER))
    async with _submitted(request, settings) as submission:
        await writing.write(intake, database, submission, principal, precision)


@asynccontextmanager
async def _submitted(request: Request, settings: Settings) -> AsyncIterator[Submission]:
    limit = settings.max_stream_bytes
    async with spooled(request.stream(), limit) as body:
        yield Submission(
            body=body,
            media_type="text/plain",
            encoding=request.headers.get("content-encoding"),
            max_bytes=limit,
            options=formats.Options(),
            atomic=False,
            idempotency_key=None,
            request_hash=b"",
            portuguese=prefers_portuguese(request.headers.get("accept-language", "")),
        )
