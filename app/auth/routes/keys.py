"""API keys: make, list, revoke."""

from typing import Annotated

from fastapi import APIRouter

from app.auth import keys as service
from app.auth.deps import Admin, InReadTransaction, InWriteTransaction
from app.auth.schemas.keys import Key, KeyCreate, KeyCreated
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(prefix="/keys", tags=["keys"], route_class=StrictRoute)


@router.post("", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound))
async def create_key(body: KeyCreate, principal: Admin, session: InWriteTransaction) -> KeyCreated:
    """Make an API key for this workspace; the key itself is shown this once.

    Scopes: `read` (queries), `write` (readings, imports, cache), `admin` (everything, servers and keys included).
    `rate_limit` bounds the readings a second that it may send.
    """
    return await service.create_key(session, principal, body)


@router.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def keys(principal: Admin, session: InReadTransaction, pages: Pages) -> list[Key]:
    """The workspace's API keys, oldest first."""
    return pages.give(await service.list_keys(session, principal.workspace_id, pages.asked))


@router.delete("/{key_id}", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def revoke_key(key_id: Annotated[str, IdPath], principal: Admin, session: InWriteTransaction) -> None:
    """Revoke an API key; within a second every process refuses it."""
    await service.revoke_key(session, principal, key_id)
