"""Presence on a simulated clock: noticed at the deadline, outages of the platform held against nobody, a true history.

The tables are real ones in a schema of their own, so that the fleet is ours alone and the running watcher does not
see it.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from app.core import db
from app.core.copy import Connection
from app.core.db import Database
from app.presence import beats, watching
from tests.database import database as database

FLEET = 10_000
LIMIT = 10
LOOK_SECONDS = 0.5
START = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = ("server_activity", "presence_interval", "platform_beat", "platform_outage", "server")
COPY = "CREATE TEMPORARY TABLE {0} (LIKE public.{0} INCLUDING ALL)"


class Clock:
    """A moment that goes on in steps, and what the platform does at it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.at = START
        self.changes: list[watching.Change] = []

    async def tick(self, seconds: float = LOOK_SECONDS, *, up: bool = True) -> watching.Look | None:
        """Go on; when the platform is up, ingest says so and the watcher looks."""
        self.at += timedelta(seconds=seconds)
        if not up:
            return None
        async with db.transaction(self._connection):
            await beats.beat(self._connection, beats.INGEST, self.at)
        return await self.look()

    async def look(self) -> watching.Look:
        """The watcher looks, whatever ingest does."""
        async with db.transaction(self._connection):
            seen = await watching.look(self._connection, LIMIT, LOOK_SECONDS, self.at)
        self.changes += seen.changes
        return seen

    async def run(self, seconds: float) -> None:
        """The platform is up and each server that is asked for sends once a second."""
        for _ in range(int(seconds / LOOK_SECONDS)):
            await self.tick()

    async def arrive(self, first: int = 1, last: int = FLEET, spread: float = 0.0) -> None:
        """These servers arrive now, or spread over so many seconds before."""
        await self._connection.execute(
            """INSERT INTO server_activity AS known (server_id, last_arrival_at)
               SELECT n, %s::timestamptz - make_interval(secs => %s * (n - %s) / (%s - %s + 1.0))
               FROM generate_series(%s::int, %s::int) AS n
               ON CONFLICT (server_id) DO UPDATE SET last_arrival_at = excluded.last_arrival_at""",
            (self.at, spread, first, last, first, first, last),
        )

    async def intervals(self, server_id: int) -> list[tuple[str, datetime, datetime | None]]:
        rows = await self._connection.execute(
            "SELECT status, started_at, ended_at FROM presence_interval WHERE server_id = %s ORDER BY started_at",
            (server_id,),
        )
        return list(await rows.fetchall())


@pytest.fixture
async def clock(database: Database) -> AsyncIterator[Clock]:
    connection = await database.connect()
    for table in TABLES:
        await connection.execute(COPY.format(table).encode())
    await connection.execute("ALTER TABLE pg_temp.server ALTER server_id DROP IDENTITY")
    await connection.execute(
        """INSERT INTO pg_temp.server (server_id, server_ulid, workspace_id, name)
           SELECT n, n::text, 1, n::text FROM generate_series(1, %s) AS n""",
        (FLEET,),
    )
    yield Clock(connection)
    await connection.close()


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def test_ten_thousand_servers_fall_silent_and_each_is_noticed_within_a_second(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive(spread=LIMIT - 1)
    await clock.look()
    assert [change.status for change in clock.changes] == ["online"] * FLEET
    clock.changes.clear()
    noticed: dict[int, datetime] = {}
    for _ in range(int(2 * LIMIT / LOOK_SECONDS)):
        seen = await clock.tick()
        assert seen
        noticed |= {change.server_id: clock.at for change in seen.changes}
    assert len(clock.changes) == len(noticed) == FLEET, "each once"
    assert {change.status for change in clock.changes} == {"offline"}
    late = max(noticed[change.server_id] - change.at for change in clock.changes)
    assert timedelta() <= late <= seconds(1)
    assert {change.server_id: change.at for change in clock.changes}[1] == START + seconds(LOOK_SECONDS + LIMIT)


async def test_the_next_look_is_at_the_next_deadline(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive(1, 2)
    assert (await clock.look()).next_seconds == LOOK_SECONDS, "nothing is due before"
    await clock.run(LIMIT - 0.5)
    seen = await clock.tick(0.3)
    assert seen
    assert seen.next_seconds == pytest.approx(0.2)
    assert seen.changes == []
    assert (await clock.look()).next_seconds == pytest.approx(0.2)


@pytest.mark.parametrize("returning", [0.5, 9.0])
async def test_ten_minutes_of_outage_make_nobody_offline(clock: Clock, returning: float) -> None:
    """The servers send again `returning` seconds after the platform is back: just within their limit, at the worst."""
    await clock.tick()
    await clock.arrive(spread=2)
    await clock.look()
    clock.changes.clear()
    for _ in range(int(600 / LOOK_SECONDS)):
        await clock.tick(up=False)
    # The watcher may be back before ingest is.
    await clock.look()
    for _ in range(int(returning / LOOK_SECONDS)):
        await clock.tick()
    await clock.arrive()
    await clock.tick()
    assert clock.changes == []


async def test_whoever_stays_silent_after_an_outage_is_offline_when_its_limit_has_passed_anew(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive()
    await clock.look()
    clock.changes.clear()
    await clock.tick(600, up=False)
    await clock.tick(0)
    back = clock.at
    await clock.run(LIMIT)
    assert clock.changes == [], "not yet"
    await clock.tick()
    assert {change.at for change in clock.changes} == {back + seconds(LIMIT)}
    assert len(clock.changes) == FLEET


async def test_an_outage_brings_nobody_back(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive(1, 1)
    await clock.run(2 * LIMIT)
    await clock.tick(600, up=False)
    await clock.run(2 * LIMIT)
    assert [change.status for change in clock.changes] == ["online", "offline"]


async def test_while_ingest_gives_no_sign_nobody_is_judged(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive(1, 1)
    await clock.look()
    clock.changes.clear()
    for _ in range(60):
        clock.at += seconds(1)
        await clock.look()
    assert clock.changes == []


async def test_an_outage_is_recorded_once_with_its_bounds(clock: Clock) -> None:
    await clock.tick()
    last = clock.at
    await clock.tick(2.9)
    await clock.tick(600, up=False)
    await clock.tick(0)
    await clock.run(5)
    rows = await clock._connection.execute("SELECT part, started_at, ended_at FROM platform_outage")
    assert await rows.fetchall() == [("ingest", last + seconds(2.9), last + seconds(602.9))]


async def test_the_history_has_no_gap_and_no_overlap(clock: Clock) -> None:
    await clock.tick()
    first = clock.at
    await clock.arrive(1, 1)
    await clock.run(15)
    await clock.arrive(1, 1)
    again = clock.at
    await clock.run(30)
    silent = first + seconds(LIMIT)
    assert await clock.intervals(1) == [
        ("online", first, silent),
        ("offline", silent, again),
        ("online", again, again + seconds(LIMIT)),
        ("offline", again + seconds(LIMIT), None),
    ]


async def test_a_new_limit_counts_at_once(clock: Clock) -> None:
    await clock.tick()
    await clock.arrive(1, 1)
    await clock.run(5)
    await clock._connection.execute("UPDATE pg_temp.server SET offline_after_seconds = 3 WHERE server_id = 1")
    await clock.run(1)
    await clock._connection.execute("UPDATE pg_temp.server SET offline_after_seconds = 60 WHERE server_id = 1")
    await clock.run(1)
    assert [change.status for change in clock.changes] == ["online", "offline", "online"]
    moments = [change.at for change in clock.changes]
    assert moments == sorted(set(moments)), "an interval ends where the next begins"


async def test_a_server_that_never_sent_has_no_history(clock: Clock) -> None:
    await clock.run(30)
    assert clock.changes == []
