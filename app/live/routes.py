"""`GET /data/stream`."""

from collections.abc import Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.auth.deps import Reader, asked_workspace, bearer, maybe_authenticated
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, NotFound, Unauthorized, Unavailable
from app.core.events import Position, parse_position
from app.core.identifiers import ULID_EXAMPLE
from app.core.problems import problems
from app.live import service
from app.live.rights import Check
from app.live.service import Live
from app.live.streaming import EventStream

router = APIRouter(tags=["readings"])

_EXAMPLE = f"""retry: 2000

id: 1769860800000-0
event: ready
data: {{"resumed":false}}

id: 1769860800412-0
event: reading
data: [{{"server_ulid":"{ULID_EXAMPLE}","timestamp":"2026-01-31T12:00:00Z","temperature":25.3}}]

: alive
id: 1769860800412-0

"""
_OPENAPI: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Frames, until one side ends the stream.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
Last = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last frame seen; a browser's EventSource sends it by itself.",
        pattern=r"^[0-9]{1,18}-[0-9]{1,18}$",
        max_length=40,
        examples=["1769860800412-0"],
    ),
]
Asked = Annotated[
    Sequence[str],
    Query(description="Only these servers; repeat for several. None: all of the workspace's.", max_length=1000),
]


async def get_live(request: Request) -> Live:
    return cast(Live, request.app.state.live)


async def still_may(
    principal: Reader,
    request: Request,
    credential: Annotated[str | None, Depends(bearer)],
    database: DatabaseDep,
    settings: SettingsDep,
    workspace: Annotated[str | None, Depends(asked_workspace)],
) -> Check:
    """What asks whether this request's credential still opens the stream."""

    async def check() -> bool:
        again = await maybe_authenticated(request, credential, database, settings, workspace)
        if again is not None:
            again.require("read")
        return again is not None and again.workspace_id == principal.workspace_id

    return check


@router.get(
    "/data/stream",
    status_code=200,
    response_class=EventStream,
    responses=problems(Unauthorized, Forbidden, NotFound, Unavailable) | _OPENAPI,
)
async def stream(
    principal: Reader,
    check: Annotated[Check, Depends(still_may)],
    live: Annotated[Live, Depends(get_live)],
    database: DatabaseDep,
    server_ulid: Asked = (),
    last: Last = None,
) -> Response:
    """What happens in the workspace, as it happens: server-sent events.

    The first frame is `ready`: whatever is committed from then on is told, so ask for the state after it. A frame
    `reading` carries an array of readings, at most the newest 20 of each server at a time and some ten frames a
    second; `backfill` tells the spans of servers that sent more at once. `presence` tells who came online or went
    offline, `incident` what happened to incidents. `reset` says that something was missed: ask for the
    state again. Frames of a kind that you don't know are to be ignored.

    A reader that comes back within two minutes with `Last-Event-ID` gets what it missed; after longer, or a burst that
    filled the buffer, `reset`. A comment comes every five seconds of silence. A reader that is too slow is let go.
    """
    async with database.read(principal.workspace_id) as session:
        asked = await service.asked_servers(session, principal.workspace_id, server_ulid)
    position: Position | None = parse_position(last) if last else None
    return EventStream(await live.open(principal.workspace_id, asked, position, check))
