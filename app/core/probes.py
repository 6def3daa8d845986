"""For orchestrators and Prometheus: liveness, readiness, metrics."""

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from sqlalchemy import text

from app.core import metrics
from app.core.deps import DatabaseDep
from app.core.errors import Unavailable
from app.core.problems import problems

# A database that hangs is not ready either; orchestrators ask again after a few seconds.
READY_TIMEOUT_SECONDS = 3

router = APIRouter(tags=["operation"])


class Probe(BaseModel):
    status: str = Field(examples=["ok"])


@router.get("/livez")
async def livez() -> Probe:
    """200 while the process serves requests."""
    return Probe(status="ok")


@router.get("/readyz", responses=problems(Unavailable))
async def readyz(database: DatabaseDep) -> Probe:
    """200 when the database answers. Redis may be away: the system is slower then, not wrong."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS), database.write() as session:
            await session.execute(text("SELECT 1"))
    except TimeoutError:
        raise Unavailable("The database does not answer; try again in a moment.") from None
    return Probe(status="ok")


_EXPOSITION = {"schema": {"type": "string"}, "example": 'sentinela_readings_total{outcome="accepted"} 29698.0'}


@router.get("/metrics", response_class=PlainTextResponse, responses={200: {"content": {"text/plain": _EXPOSITION}}})
async def prometheus_metrics() -> Response:
    """The metrics of all processes, in Prometheus' text format."""
    return Response(await asyncio.to_thread(metrics.exposition), media_type=metrics.CONTENT_TYPE)
