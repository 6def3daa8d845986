"""Jobs: how far they are and what came of them."""

from typing import Annotated

from fastapi import APIRouter

from app.auth.deps import InReadTransaction, Reader
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.jobs import service
from app.jobs.schemas import JobRead

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=StrictRoute)


@router.get("/{job_id}", responses=problems(Unauthorized, Forbidden, NotFound))
async def job(job_id: Annotated[str, IdPath], principal: Reader, session: InReadTransaction) -> JobRead:
    """How far a job is, and its result or the reason of its failure."""
    return await service.get(session, principal.workspace_id, job_id)
