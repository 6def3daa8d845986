"""Jobs, presence, incidents and notifications are kept as long as their settings say; what is not over always."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import TextClause, text

from app.alerts import purging as alerts
from app.core.clock import now
from app.core.db import Database
from app.core.identifiers import first_ulid_of, new_ulid
from app.core.settings import Settings
from app.jobs import purging as jobs
from app.presence import purging as presence
from tests.alerts.stage import Stage
from tests.conftest import NewServer, NewUser, User
from tests.contract.calls import stamp
from tests.database import database as database
from tests.workspaces import workspace_of

# Nothing of other tests is so old: what they leave alone counts from the year 2000 on.
LONG_AGO = timedelta(days=10_000)
DAYS = 9_990
KEEP = Settings(
    job_retention_days=DAYS,
    presence_retention_days=DAYS,
    incident_retention_days=DAYS,
    notification_retention_days=DAYS,
)
FOR_EVER = Settings(
    job_retention_days=0, presence_retention_days=0, incident_retention_days=0, notification_retention_days=0
)


async def run(database: Database, statement: str, **values: Any) -> list[Any]:
    async with database.write() as session:
        result = await session.execute(text(statement), values)
        return [tuple(row) for row in result.all()] if result.returns_rows else []  # type: ignore[attr-defined]


def ulid_of(moment: datetime) -> str:
    """An identifier that was made then."""
    return first_ulid_of(moment)[:10] + new_ulid()[10:]


@pytest.fixture
def user(new_user: NewUser) -> User:
    return new_user()


async def test_jobs_that_ended_long_ago_go(
    database: Database, client: httpx.Client, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    workspace = await workspace_of(database, client, user)
    headers = {**user.headers, "Content-Type": "text/csv"}
    content = f"server_ulid,timestamp,temperature\n{server.ulid},{stamp()},1\n"
    for _ in range(3):
        client.post("/imports", content=content, headers=headers).raise_for_status()
    (numbers,) = zip(
        *await run(database, "SELECT job_id FROM job WHERE workspace_id = :w ORDER BY 1", w=workspace), strict=True
    )
    age = "UPDATE job SET state = :state, finished_at = :at, job_ulid = :ulid WHERE job_id = :job"
    for job, state, at in ((0, "done", now() - LONG_AGO), (1, "failed", now() - timedelta(days=DAYS - 1))):
        await run(database, age, job=numbers[job], state=state, at=at, ulid=ulid_of(at))
    assert await jobs.purge(database, FOR_EVER) == 0
    assert await jobs.purge(database, KEEP, slice_size=1) == 1
    left = await run(database, "SELECT job_id FROM job WHERE workspace_id = :w ORDER BY 1", w=workspace)
    assert [job for (job,) in left] == list(numbers[1:])


async def test_presence_of_long_ago_goes_and_the_state_of_now_stays(database: Database) -> None:
    server = -7
    old, young = now() - LONG_AGO, now() - timedelta(days=DAYS - 1)
    add = "INSERT INTO presence_interval (server_id, started_at, status, ended_at) VALUES (:s, :b, 'online', :e)"
    spans = [(old - timedelta(hours=2), old), (old, young), (young, None)]
    try:
        for begin, end in spans:
            await run(database, add, s=server, b=begin, e=end)
        hours = (
            "INSERT INTO server_arrivals (server_id, hour, received, duplicates, rejected, late, lags) "
            "VALUES (:s, :h, 1, 0, 0, 0, 0)"
        )
        for moment in (old, young):
            await run(database, hours, s=server, h=int(moment.timestamp() // 3600))
        outage = "INSERT INTO platform_outage (part, started_at, ended_at) VALUES ('test', :b, :e)"
        await run(database, outage, b=old - timedelta(minutes=1), e=old)
        assert await presence.purge(database, FOR_EVER) == 0
        assert await presence.purge(database, KEEP, slice_size=1) == 3
        left = await run(database, "SELECT started_at FROM presence_interval WHERE server_id = :s ORDER BY 1", s=server)
        assert [begin for (begin,) in left] == [old, young]
        assert await run(database, "SELECT count(*) FROM server_arrivals WHERE server_id = :s", s=server) == [(1,)]
    finally:
        for table in ("presence_interval", "server_arrivals"):
            await run(database, f"DELETE FROM {table} WHERE server_id = :s", s=server)


async def test_incidents_and_notifications_of_long_ago_go_with_all_that_belongs_to_them(
    database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    stage = Stage(database, client, new_user, new_server)
    stage.make_rule(stage.channel("http://169.254.169.254/"))
    ended, lasting = stage.server(), stage.server()
    await stage.fire(ended, lasting)
    await stage.end(ended, at=5)
    await stage.until(lambda: len(stage.notifications(state="dead")) == 3)
    of_rule = "(SELECT incident_id FROM incident WHERE rule_ulid = :rule)"
    rule = {"rule": stage.rule["rule_id"], "at": now() - LONG_AGO, "ulid": ulid_of(now() - LONG_AGO)[:16]}
    assert await alerts.purge(database, KEEP) == 0, "its readings are old, it is not"
    aged = "created_at = :at, notification_ulid = :ulid || right(notification_ulid, 10)"
    await run(database, f"UPDATE notification SET {aged} WHERE incident_id IN {of_rule}", **rule)
    assert await alerts.purge(database, KEEP, slice_size=2) == 3
    assert (stage.notifications(), len(stage.incidents())) == ([], 2)
    aged = "resolved_at = :at, incident_ulid = :ulid || right(incident_ulid, 10)"
    await run(database, f"UPDATE incident SET {aged} WHERE rule_ulid = :rule AND state = 'resolved'", **rule)
    assert await alerts.purge(database, KEEP) == 0, "somebody may still comment on it"
    await run(database, f"UPDATE incident_event SET at = :at WHERE incident_id IN {of_rule}", **rule)
    assert await alerts.purge(database, FOR_EVER) == 0
    assert await alerts.purge(database, KEEP) == 1
    assert [row["server_ulid"] for row in stage.incidents()] == [lasting.ulid], "what lasts stays"


OF_ALERTS = [alerts._DELETE_NOTIFICATIONS, alerts._DELETE_INCIDENTS, alerts._DELETE_SILENCES]


@pytest.mark.parametrize("statement", [jobs._DELETE, *OF_ALERTS, *presence._DELETES[:2]])
async def test_what_is_young_is_not_looked_at(database: Database, statement: TextClause) -> None:
    values = {"before": now() - LONG_AGO, "made": first_ulid_of(now() - LONG_AGO), "size": 10}
    async with database.write() as session:
        # Of a small table PostgreSQL reads all, if it may.
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = (await session.scalars(text(f"EXPLAIN {statement.text}"), values)).all()
    assert not [line for line in plan if "Seq Scan" in line], "\n".join(plan)
