"""A rule that cannot be judged, for whatever reason, stops no other, and many rules do not stop the watcher."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from app.alerts import rechecking, usual_hours
from app.alerts.following import Followed, opened
from app.alerts.rechecking import Recheck
from app.alerts.usual_hours import Baselines
from app.core import db
from app.core.clock import now, to_microseconds
from app.core.db import Database
from app.readings.rows import Rows
from tests.alerts.stage import Stage
from tests.conftest import NewServer, NewUser
from tests.workspaces import workspace_of

CONDITION = {"kind": "threshold", "quantity": "humidity", "above": 60, "below": None, "outside": None, "inside": None}
WHOLE = {**CONDITION, "hysteresis": 0, "hold_seconds": 0, "no_data_seconds": 3600}


@pytest.fixture
async def pair(
    database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> tuple[Followed, Followed, int]:
    """A rule that fails wherever it is judged, and a sound one, over one server; its number."""
    stage = Stage(database, client, new_user, new_server)
    stage.make_rule()
    server = stage.server()
    connection = await database.connect()
    try:
        _, number = await stage._number(connection, server)
    finally:
        await connection.close()
    workspace = await workspace_of(database, client, stage.user)
    began = to_microseconds(now())
    broken, sound = (opened((key, workspace, WHOLE, None, began), np.array([number])) for key in (-1, -2))
    parts: Any = (replace(broken.rule.parts[0], levels=None),)  # type: ignore[arg-type]
    broken.rule = replace(broken.rule, parts=parts)
    return broken, sound, number


async def test_readings_that_were_sealed_unread_are_judged_for_the_others(
    database: Database, pair: tuple[Followed, Followed, int]
) -> None:
    broken, sound, number = pair
    connection = await database.connect()
    try:
        for _ in range(2):
            state = Recheck(lagging={number: 10})
            rules = {-1: broken, -2: sound}
            seen = np.empty(0, np.int64)
            found = await rechecking.recheck(connection, database, state, rules, seen, to_microseconds(now()))
            assert [followed for followed, _ in found] == [sound]
            assert (broken.failed, sound.failed) == (True, False)
    finally:
        await connection.close()


async def test_many_rules_that_catch_up_do_not_let_the_leader_fall_idle(
    database: Database, pair: tuple[Followed, Followed, int]
) -> None:
    _, sound, number = pair
    rules = {-each: replace(sound, rule_id=-each) for each in range(1, 80)}
    connection = await database.connect()
    try:
        await connection.execute("SET idle_in_transaction_session_timeout = '200ms'")
        async with db.transaction(connection):
            state, seen = Recheck(lagging={number: 10}), np.empty(0, np.int64)
            found = await rechecking.recheck(connection, database, state, rules, seen, to_microseconds(now()))
            assert len(found) == len(rules)
            await connection.execute("SELECT")
    finally:
        await connection.close()


async def test_what_is_usual_need_not_be_known_of_a_rule_that_fails(
    database: Database, pair: tuple[Followed, Followed, int]
) -> None:
    broken, _, _ = pair
    broken.rule = replace(broken.rule, parts=(replace(broken.rule.parts[0], kind="deviation", days=14),))

    async def fail() -> Any:
        raise ValueError("as a fault of ours would")

    task: Any = asyncio.create_task(fail())
    await asyncio.wait([task])
    baselines = Baselines({-1: (broken.servers, task)})
    none = Rows(np.empty(0, np.int64), np.empty(0, np.int64), {})
    usual_hours.ready(database, baselines, broken, none, to_microseconds(now()))
    assert broken.failed
    assert usual_hours.ready(database, Baselines(), broken, none, to_microseconds(now())), "it is asked for no more"
