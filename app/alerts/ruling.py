"""Rules of a workspace: made, listed, changed, switched on and off, deleted."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.alerts import incident_queries as queries
from app.alerts import service
from app.alerts.condition_schemas import AllCondition, AnyCondition, Condition, OfflineCondition
from app.alerts.errors import NoSuchRule, RuleNameTaken
from app.alerts.incidents import resolve_all
from app.alerts.rule_schemas import Judged, RuleCreate, RulePatch, RuleRead
from app.alerts.tables import Rule, RuleState
from app.auth import audit
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.errors import invalid_field
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.readings.quantities import NAMES
from app.readings.series import custom_quantities
from app.servers import service as servers


async def create(session: WriteSession, principal: Principal, body: RuleCreate) -> RuleRead:
    """Make a rule, which looks at what is measured from now on.

    Raises: RuleNameTaken, NoSuchServer, NoSuchChannel, Invalid for an unknown quantity.
    """
    await check_judged(session, principal.workspace_id, body.condition, body.server_ulids)
    for channel in body.channel_ids:
        await service.find(session, principal.workspace_id, channel)
    rule = _row(principal.workspace_id, body)
    session.add(rule)
    await _flush(session, body.name)
    audit.record(session, principal, "rule.create", rule.rule_ulid, after=_facts(rule))
    return _read(rule)


async def check_judged(
    session: ReadSession | WriteSession,
    workspace_id: int,
    condition: Condition | None,
    ulids: Sequence[str] | None,
    prefix: tuple[str, ...] = ("body",),
) -> None:
    """Whether what it looks at is there. Raises: NoSuchServer, Invalid for an unknown quantity."""
    if ulids is not None:
        await servers.find_all(session, workspace_id, ulids)
    if condition is None:
        return
    known = {*NAMES, *await custom_quantities(session, workspace_id)}
    for loc, quantity in _quantities(condition):
        if quantity not in known:
            expected = ", ".join(sorted(known))
            message = f"Must be one of: {expected}"
            raise invalid_field(
                (*prefix, "condition", *loc, "quantity"), message, "no_such_quantity", expected=expected
            )


def _quantities(condition: Condition) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where in the condition which quantity is named."""
    if isinstance(condition, AllCondition | AnyCondition):
        for place, part in enumerate(condition.conditions):
            for loc, quantity in _quantities(part):
                yield ("conditions", place, *loc), quantity
    elif not isinstance(condition, OfflineCondition):
        yield (), condition.quantity


async def _flush(session: WriteSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_rule_workspace_name" in str(error.orig):
            raise RuleNameTaken("A rule named {name!r} exists in this workspace.", name=name) from None
        raise


async def page(session: ReadSession, workspace_id: int, asked: Asked) -> Page[RuleRead]:
    """The workspace's rules, oldest first."""
    found = (await session.scalars(queries.rules(workspace_id, asked))).all()
    return asked.cut(found, lambda rule: (rule.rule_ulid,)).map(_read)


async def get(session: ReadSession, workspace_id: int, rule_ulid: str) -> RuleRead:
    """A rule of the workspace. Raises: NoSuchRule."""
    return _read(await find(session, workspace_id, rule_ulid))


async def patch(session: WriteSession, principal: Principal, rule_ulid: str, body: RulePatch) -> RuleRead:
    """Change what was sent; whatever changes what the rule says begins it anew.

    Raises: NoSuchRule, RuleNameTaken, NoSuchServer, NoSuchChannel, Invalid.
    """
    rule = await find(session, principal.workspace_id, rule_ulid, lock=True)
    await check_judged(session, principal.workspace_id, body.condition, body.server_ulids)
    for channel in body.channel_ids or ():
        await service.find(session, principal.workspace_id, channel)
    before, said = _facts(rule), _judged(rule)
    _change(rule, body)
    was, now = audit.differences(before, _facts(rule))
    if not now:
        return _read(rule)
    await _flush(session, rule.name)
    if _judged(rule) != said:
        await _begin_anew(session, rule, principal.name)
    audit.record(session, principal, "rule.change", rule.rule_ulid, was, now)
    return _read(rule)


def _change(rule: Rule, body: RulePatch) -> None:
    for name in ("name", "severity", "reopen_seconds", "enabled"):
        if (value := getattr(body, name)) is not None:
            setattr(rule, name, value)
    if body.condition is not None:
        rule.condition = body.condition.model_dump()
    if body.channel_ids is not None:
        rule.channel_ulids = list(dict.fromkeys(body.channel_ids))
    if "schedule" in body.model_fields_set:
        rule.schedule = body.schedule.model_dump() if body.schedule else None
    if "server_ulids" in body.model_fields_set:
        rule.server_ulids = _canonical(body.server_ulids)
    if "tag" in body.model_fields_set:
        rule.tag_name, rule.tag_value = (body.tag.name, body.tag.value) if body.tag else (None, None)


def _judged(rule: Rule) -> tuple[object, ...]:
    """What decides when the rule fires."""
    return (rule.enabled, rule.condition, rule.schedule, rule.server_ulids, rule.tag_name, rule.tag_value)


async def _begin_anew(session: WriteSession, rule: Rule, actor: str) -> None:
    text = "The rule was changed." if rule.enabled else "The rule was switched off."
    await resolve_all(session, rule.rule_id, actor, text)
    await session.execute(delete(RuleState).where(RuleState.rule_id == rule.rule_id))
    rule.judged_from = clock.now()


async def remove(session: WriteSession, principal: Principal, rule_ulid: str) -> None:
    """Delete a rule; its incidents end and stay to be read. Raises: NoSuchRule."""
    rule = await find(session, principal.workspace_id, rule_ulid, lock=True)
    await resolve_all(session, rule.rule_id, principal.name, "The rule was deleted.")
    audit.record(session, principal, "rule.delete", rule.rule_ulid, before=_facts(rule))
    await session.flush()
    await session.delete(rule)


async def find(session: ReadSession | WriteSession, workspace_id: int, rule_ulid: str, *, lock: bool = False) -> Rule:
    """The row of a rule. Raises: NoSuchRule."""
    statement = queries.rule(workspace_id, rule_ulid)
    rule = await session.scalar(statement.with_for_update() if lock else statement)
    if rule is None:
        raise NoSuchRule("There is no rule {rule!r} in this workspace.", rule=rule_ulid)
    return rule


def judged(body: Judged) -> dict[str, Any]:
    """What a rule looks at, as its table keeps it."""
    return {
        "condition": body.condition.model_dump(),
        "schedule": body.schedule.model_dump() if body.schedule else None,
        "server_ulids": _canonical(body.server_ulids),
        "tag_name": body.tag.name if body.tag else None,
        "tag_value": body.tag.value if body.tag else None,
    }


def _row(workspace_id: int, body: RuleCreate) -> Rule:
    return Rule(
        rule_ulid=new_ulid(),
        workspace_id=workspace_id,
        name=body.name,
        severity=body.severity,
        **judged(body),
        channel_ulids=list(dict.fromkeys(body.channel_ids)),
        reopen_seconds=body.reopen_seconds,
        enabled=body.enabled,
    )


def _canonical(ulids: Sequence[str] | None) -> list[str] | None:
    return None if ulids is None else list(dict.fromkeys(ulid.upper() for ulid in ulids))


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
            "schedule": rule.schedule,
            "server_ulids": rule.server_ulids,
            "tag": tag,
            "channel_ids": rule.channel_ulids,
            "reopen_seconds": rule.reopen_seconds,
            "enabled": rule.enabled,
            "created_at": rule.created_at,
        }
    )
