"""Rules and incidents."""

from typing import Annotated, cast

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.alerts import announcing, backtests, delivering, explaining, incidents, ruling
from app.alerts.backtest_schemas import BacktestReport, BacktestRequest
from app.alerts.explain_schemas import Explained
from app.alerts.incident_schemas import IncidentDetail, IncidentFilter, IncidentRead, Remark
from app.alerts.rule_schemas import RuleCreate, RulePatch, RuleRead
from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader, Writer
from app.core import origin
from app.core.deps import DatabaseDep
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthorized, Unavailable
from app.core.identifiers import ULID_EXAMPLE, IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.core.text import NO_CONTROL_CHARACTERS
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.readings.series import Series

router = APIRouter(tags=["alerts"], route_class=StrictRoute, responses=problems(Unauthorized, Forbidden, NotFound))
RulePath = Annotated[str, IdPath]
IncidentPath = Annotated[str, IdPath]


async def tell_live(request: Request, session: InWriteTransaction, background: BackgroundTasks) -> None:
    """After the commit: whoever watches sees what happened to incidents, and the workers deliver what is to be told."""
    background.add_task(announcing.tell_noted, request.app.state.publisher, session)
    background.add_task(delivering.nudge)


TOLD = [Depends(tell_live)]


@router.post("/rules", status_code=201, responses=problems(Conflict))
async def create_rule(body: RuleCreate, principal: Admin, session: InWriteTransaction, response: Response) -> RuleRead:
    """Make a rule. It looks at what arrives from now on, within a second or two of its arrival.

    Time is the readings' own: a hold passes as readings do. A reading that comes up to five minutes behind a later one
    of its server corrects where the rule stands; what was told stays told.
    """
    rule = await ruling.create(session, principal, body)
    response.headers["Location"] = f"/rules/{rule.rule_id}"
    return rule


@router.post(
    "/rules/backtest",
    response_model=BacktestReport,
    responses=problems(Invalid, TooManyRequests, Unavailable)
    | {202: {"model": JobRead, "description": "A larger one: the job whose `result` will be the report."}},
)
async def backtest_rule(
    body: BacktestRequest,
    request: Request,
    background: BackgroundTasks,
    principal: Reader,
    database: DatabaseDep,
) -> BacktestReport | Response:
    """How often a rule would have fired over a range of the past: the same function judges as live.

    A small one is answered at once. One that would take longer than a few seconds is a job (202): follow it at
    `GET /jobs/{job_id}`; its `result` is the report.
    """
    found = await backtests.ask(database, cast(Series, request.app.state.series), principal, body)
    if isinstance(found, BacktestReport):
        return found
    background.add_task(jobs.announce, found.kind, found.job_id, origin.current().request_id)
    return JSONResponse(
        found.model_dump(mode="json"), 202, {"Location": f"/jobs/{found.job_id}"}, background=background
    )


@router.get("/rules")
async def rules(principal: Reader, session: InReadTransaction, pages: Pages) -> list[RuleRead]:
    """The workspace's rules, oldest first."""
    return pages.give(await ruling.page(session, principal.workspace_id, pages.asked))


@router.get("/rules/{rule_id}")
async def rule(rule_id: RulePath, principal: Reader, session: InReadTransaction) -> RuleRead:
    """One rule."""
    return await ruling.get(session, principal.workspace_id, rule_id)


@router.get("/rules/{rule_id}/explain")
async def explain_rule(
    rule_id: RulePath,
    principal: Reader,
    database: DatabaseDep,
    server_ulid: Annotated[
        str,
        Query(description="At which server.", max_length=100, pattern=NO_CONTROL_CHARACTERS, examples=[ULID_EXAMPLE]),
    ],
) -> Explained:
    """Why the rule fires at a server, or why it does not: each condition with its value and how long it has held."""
    return await explaining.explain(database, principal.workspace_id, rule_id, server_ulid)


@router.patch("/rules/{rule_id}", dependencies=TOLD, responses=problems(Conflict))
async def change_rule(rule_id: RulePath, body: RulePatch, principal: Admin, session: InWriteTransaction) -> RuleRead:
    """Change what is sent. With another condition, schedule or scope, or switched off or on, the rule begins anew:
    what is open is resolved, and it looks at what is measured from then on.
    """
    return await ruling.patch(session, principal, rule_id, body)


@router.delete("/rules/{rule_id}", status_code=204, dependencies=TOLD)
async def delete_rule(rule_id: RulePath, principal: Admin, session: InWriteTransaction) -> None:
    """Delete a rule; its incidents are resolved and can still be read."""
    await ruling.remove(session, principal, rule_id)


@router.get("/incidents")
async def list_incidents(
    principal: Reader, session: InReadTransaction, pages: Pages, wanted: Annotated[IncidentFilter, Query()]
) -> list[IncidentRead]:
    """The workspace's incidents, newest first."""
    return pages.give(await incidents.page(session, principal.workspace_id, wanted, pages.asked))


@router.get("/incidents/{incident_id}")
async def incident(incident_id: IncidentPath, principal: Reader, session: InReadTransaction) -> IncidentDetail:
    """One incident: why it fired, and all that happened to it since."""
    return await incidents.get(session, principal.workspace_id, incident_id)


@router.post("/incidents/{incident_id}/acknowledge", dependencies=TOLD, responses=problems(Conflict))
async def acknowledge_incident(
    incident_id: IncidentPath, principal: Writer, session: InWriteTransaction
) -> IncidentDetail:
    """Say that somebody looks after it; again changes nothing. What is resolved is a 409."""
    return await incidents.acknowledge(session, principal, incident_id)


@router.post("/incidents/{incident_id}/comments", status_code=201, dependencies=TOLD)
async def comment_on_incident(
    incident_id: IncidentPath, body: Remark, principal: Writer, session: InWriteTransaction
) -> IncidentDetail:
    """Add a remark to its timeline."""
    return await incidents.comment(session, principal, incident_id, body.text)


@router.post("/incidents/{incident_id}/resolve", dependencies=TOLD, responses=problems(Conflict))
async def resolve_incident(incident_id: IncidentPath, principal: Writer, session: InWriteTransaction) -> IncidentDetail:
    """End it by hand. The rule fires anew once its condition has ended and begun again. What is resolved is a 409."""
    return await incidents.resolve(session, principal, incident_id)
