"""For orchestrators and Prometheus: liveness, readiness, metrics."""

import asyncio

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text

from app.core import metrics
from app.core.deps import DatabaseDep
from app.core.errors import Unavailable
from app.core.problems import problems

router = APIRouter(tags=["operation"])


class Probe(BaseModel):
    status: str


@router.get("/livez")
async def livez() -> Probe:
    """200 while the process serves requests."""
    return Probe(status="ok")


@router.get("/readyz", responses=problems(Unavailable))
async def readyz(database: DatabaseDep) -> Probe:
    """200 when the database answers. Redis may be away: the system is slower then, not wrong."""
    async with database.write() as session:
        await session.execute(text("SELECT 1"))
    return Probe(status="ok")


@router.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def prometheus_metrics() -> Response:
    """The metrics of all processes, in Prometheus' text format."""
    return Response(await asyncio.to_thread(metrics.exposition), media_type=metrics.CONTENT_TYPE)
