"""What a person deletes or switches off in the moment in which it fires."""

import asyncio

import pytest
from sqlalchemy import text

from app.core.db import Database
from tests.alerts.stage import Stage


@pytest.mark.parametrize("table", ["rule", "server", "channel"])
async def test_what_is_deleted_meanwhile_stops_no_incident(stage: Stage, database: Database, table: str) -> None:
    """As when a rule fires in the moment in which somebody deletes it, its server, or the channel that is told."""
    channel = stage.channel("http://169.254.169.254/")
    stage.make_rule(channel)
    server, other = stage.server(), stage.server()
    gone = {"rule": stage.rule["rule_id"], "server": server.ulid, "channel": channel["channel_id"]}[table]
    async with database.write() as session:
        await session.execute(text(f"DELETE FROM {table} WHERE {table}_ulid = :gone"), {"gone": gone})
        fires = asyncio.create_task(stage.fire(server, other))
        await asyncio.sleep(0.3)
        assert not fires.done(), "it waits for what becomes of it"
    happened = await fires
    left = {"rule": [], "server": [other.ulid], "channel": [server.ulid, other.ulid]}[table]
    assert sorted(change.server_ulid for change in happened) == sorted(left)
    assert len(stage.notifications()) == (1 if table == "server" else 0)


async def test_a_rule_that_is_switched_off_meanwhile_opens_nothing(stage: Stage, database: Database) -> None:
    stage.make_rule()
    server = stage.server()
    async with database.write() as session:
        await session.execute(text("SELECT FROM rule WHERE rule_ulid = :r FOR UPDATE"), {"r": stage.rule["rule_id"]})
        fires = asyncio.create_task(stage.fire(server))
        await asyncio.sleep(0.3)
        off = text("UPDATE rule SET enabled = false WHERE rule_ulid = :r")
        await session.execute(off, {"r": stage.rule["rule_id"]})
    assert await fires == []
    assert stage.incidents() == []
