"""Rules and incidents."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from app.alerts import announcing, delivering, incidents, ruling
from app.alerts.incident_schemas import IncidentDetail, IncidentFilter, IncidentRead, Remark
from app.alerts.rule_schemas import RuleCreate, RulePatch, RuleRead
from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader, Writer
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute

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

    Time is the readings' own: a hold passes as readings do. A reading that arrives behind a later one of its server
    does not change what was decided.
    """
    rule = await ruling.create(session, principal, body)
    response.headers["Location"] = f"/rules/{rule.rule_id}"
    return rule


@router.get("/rules")
async def rules(principal: Reader, session: InReadTransaction, pages: Pages) -> list[RuleRead]:
    """The workspace's rules, oldest first."""
    return pages.give(await ruling.page(session, principal.workspace_id, pages.asked))


@router.get("/rules/{rule_id}")
async def rule(rule_id: RulePath, principal: Reader, session: InReadTransaction) -> RuleRead:
    """One rule."""
    return await ruling.get(session, principal.workspace_id, rule_id)


@router.patch("/rules/{rule_id}", dependencies=TOLD)
async def change_rule(rule_id: RulePath, body: RulePatch, principal: Admin, session: InWriteTransaction) -> RuleRead:
    """Switch a rule on or off. Off, its incidents are resolved; on again, it begins anew."""
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
