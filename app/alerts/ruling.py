"""Rules of a workspace: made, listed, switched on and off, deleted."""

from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.alerts import incident_queries as queries
from app.alerts import service
from app.alerts.errors import NoSuchRule, RuleNameTaken
from app.alerts.incidents import resolve_all
from app.alerts.rule_schemas import RuleCreate, RulePatch, RuleRead
from app.alerts.tables import Rule, RuleState
from app.auth import audit
from app.auth.principals import Principal
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.servers import service as servers


async def create(session: WriteSession, principal: Principal, body: RuleCreate) -> RuleRead:
    """Make a rule, which looks at what arrives from now on. Raises: RuleNameTaken, NoSuchServer, NoSuchChannel."""
    if body.server_ulids is not None:
        await servers.find_all(session, principal.workspace_id, body.server_ulids)
    for channel in body.channel_ids:
        await service.find(session, principal.workspace_id, channel)
    rule = _row(principal.workspace_id, body)
    session.add(rule)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_rule_workspace_name" in str(error.orig):
            raise RuleNameTaken("A rule named {name!r} exists in this workspace.", name=body.name) from None
        raise
    audit.record(session, principal, "rule.create", rule.rule_ulid, after=_facts(rule))
    return _read(rule)


async def page(session: ReadSession, workspace_id: int, asked: Asked) -> Page[RuleRead]:
    """The workspace's rules, oldest first."""
    found = (await session.scalars(queries.rules(workspace_id, asked))).all()
    return asked.cut(found, lambda rule: (rule.rule_ulid,)).map(_read)


async def get(session: ReadSession, workspace_id: int, rule_ulid: str) -> RuleRead:
    """A rule of the workspace. Raises: NoSuchRule."""
    return _read(await _find(session, workspace_id, rule_ulid))


async def patch(session: WriteSession, principal: Principal, rule_ulid: str, body: RulePatch) -> RuleRead:
    """Switch a rule on or off; off, its incidents end, and on again it begins anew. Raises: NoSuchRule."""
    rule = await _find(session, principal.workspace_id, rule_ulid)
    if rule.enabled != body.enabled:
        rule.enabled = body.enabled
        await resolve_all(session, rule.rule_id, principal.name, "The rule was switched off.")
        await session.execute(delete(RuleState).where(RuleState.rule_id == rule.rule_id))
        changed = {"enabled": body.enabled}
        audit.record(session, principal, "rule.change", rule.rule_ulid, {"enabled": not body.enabled}, changed)
    return _read(rule)


async def remove(session: WriteSession, principal: Principal, rule_ulid: str) -> None:
    """Delete a rule; its incidents end and stay to be read. Raises: NoSuchRule."""
    rule = await _find(session, principal.workspace_id, rule_ulid)
    await resolve_all(session, rule.rule_id, principal.name, "The rule was deleted.")
    audit.record(session, principal, "rule.delete", rule.rule_ulid, before=_facts(rule))
    await session.flush()
    await session.delete(rule)


async def _find(session: ReadSession | WriteSession, workspace_id: int, rule_ulid: str) -> Rule:
    rule = await session.scalar(queries.rule(workspace_id, rule_ulid))
    if rule is None:
        raise NoSuchRule("There is no rule {rule!r} in this workspace.", rule=rule_ulid)
    return rule


def _row(workspace_id: int, body: RuleCreate) -> Rule:
    ulids = None if body.server_ulids is None else [ulid.upper() for ulid in body.server_ulids]
    return Rule(
        rule_ulid=new_ulid(),
        workspace_id=workspace_id,
        name=body.name,
        severity=body.severity,
        condition=body.condition.model_dump(),
        server_ulids=ulids,
        tag_name=body.tag.name if body.tag else None,
        tag_value=body.tag.value if body.tag else None,
        channel_ulids=list(dict.fromkeys(body.channel_ids)),
        reopen_seconds=body.reopen_seconds,
        enabled=body.enabled,
    )


def _facts(rule: Rule) -> dict[str, Any]:
    return _read(rule).model_dump(mode="json", exclude={"rule_id", "created_at"}) if rule.created_at else {}


def _read(rule: Rule) -> RuleRead:
    tag = None if rule.tag_name is None else {"name": rule.tag_name, "value": rule.tag_value}
    return RuleRead.model_validate(
        {
            "rule_id": rule.rule_ulid,
            "name": rule.name,
            "severity": rule.severity,
            "condition": rule.condition,
            "server_ulids": rule.server_ulids,
            "tag": tag,
            "channel_ids": rule.channel_ulids,
            "reopen_seconds": rule.reopen_seconds,
            "enabled": rule.enabled,
            "created_at": rule.created_at,
        }
    )
