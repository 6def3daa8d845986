"""The edge of `GET /data`: headers in, headers out, and what OpenAPI says about its answers."""

from typing import Any, cast

from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.auth.principals import Principal
from app.core import metrics
from app.core.errors import Forbidden, Invalid, NotAcceptable, NotFound, TooManyRequests, Unauthorized, Unavailable
from app.core.problems import problems
from app.core.settings import Settings
from app.readings.budgets import budget_of
from app.readings.questions import DataQuery
from app.readings.schemas import Explanation, Result, StoredReading
from app.readings.series import Asking, Series
from app.readings.writers import FORMATS, chosen

ASK_PROBLEMS = problems(Unauthorized, Forbidden, NotFound, NotAcceptable, Invalid, TooManyRequests, Unavailable) | {
    304: {"description": "Not modified: the answer is still that of the `ETag` in `If-None-Match`"}
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _documented() -> dict[str, Any]:
    from_model = {model.__name__: model.model_json_schema(mode="serialization") for model in (StoredReading, Result)}
    explanation = Explanation.model_json_schema(mode="serialization")
    definitions = explanation.pop("$defs")
    explanation["properties"]["estimate"] = definitions["Estimate"]
    arrays = [{"type": "array", "items": schema} for schema in from_model.values()]
    row = '{"timestamp":"2026-01-31T12:00:00Z","server_ulid":"01KA2V0C8T3J9X5N7Q1W4Z6Y8B","temperature":25.3}\n'
    line = "timestamp,server_ulid,temperature\n2026-01-31T12:00:00Z,01KA2V0C8T3J9X5N7Q1W4Z6Y8B,25.3\n"
    return {
        "application/json": {"schema": {"anyOf": [*arrays, explanation]}},
        "application/x-ndjson": {"schema": {"type": "string"}, "example": row},
        "text/csv": {"schema": {"type": "string"}, "example": line},
        "application/vnd.apache.arrow.stream": _BINARY,
        "application/vnd.apache.parquet": _BINARY,
    }


ASK_OPENAPI: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "Rows, or with `explain=true` what would be read",
            "headers": {
                "ETag": {"description": "Of ranges that have ended.", "schema": {"type": "string"}},
                "Link": {"description": 'With `limit`: `<…>; rel="next"`.', "schema": {"type": "string"}},
            },
            "content": _documented(),
        }
    }
}


async def answered(request: Request, query: DataQuery, principal: Principal, settings: Settings) -> Response:
    """Whatever `GET /data` answers. Raises: NotAcceptable, NoSuchServer, Invalid, TooExpensive, Busy."""
    form = query.format or chosen(request.headers.get("accept", ""))
    if form is None:
        kinds = ", ".join(media_type for media_type, _ in FORMATS.values())
        raise NotAcceptable("No such form of the answer; Accept one of: {known}.", known=kinds)
    series = cast(Series, request.app.state.series)
    asking = await series.ask(principal, query.model_copy(update={"format": form}))
    budget = budget_of(principal, settings)
    if query.explain:
        return JSONResponse(await asking.explain(budget))
    if asking.etag and _has(request, asking.etag):
        metrics.QUERIES.labels("not_modified").inc()
        return Response(status_code=304, headers=_headers(asking))
    reply = await asking.reply(budget, form)
    headers = _headers(asking) | _next_page(request, reply.cursor)
    return StreamingResponse(reply.pieces, media_type=reply.media_type, headers=headers)


def _has(request: Request, etag: str) -> bool:
    sent = request.headers.get("if-none-match", "")
    return any(part.strip().removeprefix("W/") in (etag, "*") for part in sent.split(","))


def _headers(asking: Asking) -> dict[str, str]:
    if asking.etag is None:
        return {"Cache-Control": "no-store"}
    return {"ETag": asking.etag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}


def _next_page(request: Request, cursor: str) -> dict[str, str]:
    if not cursor:
        return {}
    url = request.url.include_query_params(cursor=cursor)
    # Without host: a proxy may know us under another name than our clients do.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
