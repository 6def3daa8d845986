"""`POST /data` and `GET /data`."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.auth.deps import WORKSPACE_HEADER, Reader, sent_credential
from app.core.deps import CacheDep, DatabaseDep
from app.core.errors import Forbidden, Invalid, NotFound, TooLarge, Unauthorized, Unavailable
from app.core.identifiers import ULID_EXAMPLE
from app.core.language import prefers_portuguese
from app.core.problems import problems
from app.readings import formats, series
from app.readings.quantities import QUANTITIES
from app.readings.receipts import Intake
from app.readings.schemas import DataQuery, Mean, ReadingIn, Receipt, StoredReading

router = APIRouter(prefix="/data", tags=["readings"])

_EXAMPLE: dict[str, Any] = {
    "server_ulid": ULID_EXAMPLE,
    "timestamp": "2026-01-31T12:00:00Z",
    **{quantity.name: quantity.example for quantity in QUANTITIES},
}
_READING_SCHEMA = ReadingIn.model_json_schema()
_STORE = {
    "security": [{"User": []}, {"Key": []}],
    "parameters": [
        {
            "name": WORKSPACE_HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 64},
            "description": "The workspace to act on; by default the first one joined.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_READING_SCHEMA, {"type": "array", "items": _READING_SCHEMA}]},
                "examples": {
                    "one": {"summary": "One reading", "value": _EXAMPLE},
                    "array": {"summary": "An array of readings", "value": [_EXAMPLE]},
                },
            }
        },
    },
}


@router.post(
    "",
    status_code=201,
    response_model=StoredReading | Receipt,
    openapi_extra=_STORE,
    responses=problems(Unauthorized, Forbidden, NotFound, TooLarge, Invalid, Unavailable),
)
async def store_readings(request: Request) -> Response:
    """Store one reading, or an array of readings; the answer comes after the commit.

    One reading answers with what is stored now. An array answers with a receipt: one bad reading sinks no other.
    The same server and instant again fills in missing values, and the newest value wins; a retry changes nothing.
    """
    # No dependencies: solving them took a fifth of the time of this route, which fleets call all day.
    intake = cast(Intake, request.app.state.intake)
    headers = request.headers
    principal = await intake.senders.principal(sent_credential(headers), headers.get(WORKSPACE_HEADER))
    body = await request.body()
    if formats.is_array(body):
        portuguese = prefers_portuguese(headers.get("accept-language", ""))
        return JSONResponse(await intake.store_array(body, principal, portuguese), 201)
    return JSONResponse(await intake.store_one(body, principal), 201)


@router.get(
    "",
    response_model=list[StoredReading] | list[Mean],
    responses=problems(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
)
async def query_readings(
    query: Annotated[DataQuery, Query()], principal: Reader, database: DatabaseDep, cache: CacheDep
) -> Response:
    """Readings as stored, ascending, or the mean of each minute, hour or day.

    Rows leave out what was not measured. With `aggregation` a row is an interval (UTC) of all asked servers together
    and `timestamp` is its start; `group_by=server` gives a row a server.
    """
    planned = await series.plan(database, principal.workspace_id, query)
    pieces = series.answer(database, cache, principal.workspace_id, planned)
    # The first piece is fetched before the status goes out, so that a database that is away is a 503, no broken 200.
    first = await anext(pieces)
    return StreamingResponse(_chain(first, pieces), media_type="application/json")


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
