"""The cache: set and get."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ValidationError

from app.auth.deps import Reader, Writer
from app.cache import service
from app.cache.schemas import Entry, EntryRead, EntrySet
from app.core import paths  # noqa: F401 - registers {…:text}
from app.core.deps import CacheDep
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, invalid
from app.core.problems import problems
from app.core.strict_json import StrictRoute, parse_json

router = APIRouter(prefix="/cache", tags=["cache"], route_class=StrictRoute)

_PARAMETERS = [
    {
        "name": "key",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "minLength": 1},
        "example": "greeting",
    },
    {"name": "value", "in": "query", "required": False, "schema": {"type": "string"}, "example": "olá"},
    {"name": "ttl", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1}, "example": 60},
]
_BODY = {
    "parameters": _PARAMETERS,
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": Entry.model_json_schema(),
                "example": {"key": "greeting", "value": "olá", "ttl": 60},
            }
        },
    },
}


async def entry(request: Request) -> Entry:
    """The entry from the JSON body, or from the query when there is no body. Raises: Invalid."""
    body = await request.body()
    content: Any = parse_json(body) if body else dict(request.query_params)
    try:
        return Entry.model_validate(content)
    except ValidationError as error:
        raise invalid(error.errors(), ("body" if body else "query",)) from None


@router.post(
    "/set",
    openapi_extra=_BODY,
    responses=problems(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable),
)
async def set_entry(principal: Writer, entry: Annotated[Entry, Depends(entry)], cache: CacheDep) -> EntrySet:
    """Keep a value under a key, for 3600 s unless `ttl` says otherwise. JSON body, or `key` and `value` in the query.

    Entries belong to the workspace; it may hold 10,000 of them, each up to 64 KiB.
    """
    seconds = await service.set_entry(cache, principal.workspace_id, entry.key, entry.value, entry.ttl)
    return EntrySet(message="Stored.", key=entry.key, expires_in=seconds)


@router.get("/get/{key:text}", responses=problems(Unauthorized, Forbidden, NotFound, Unavailable))
async def get_entry(
    key: Annotated[str, Path(description="Any text; slashes may stand as they are.", examples=["greeting"])],
    principal: Reader,
    cache: CacheDep,
) -> EntryRead:
    """The value exactly as it was set; 404 when there is none or it has expired."""
    found, value = await service.get_entry(cache, principal.workspace_id, key)
    return EntryRead(key=found, value=value)
