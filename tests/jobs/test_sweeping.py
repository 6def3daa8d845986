"""Jobs that lost their message, their worker or their senses are found, and in the end given up with a reason."""

import os
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text

from app.core.db import Database
from app.jobs import service, sweeping
from app.jobs.errors import JobCancelled
from app.jobs.tables import Job
from app.transfers import uploads
from tests.conftest import NewUser
from tests.database import database as database
from tests.workspaces import workspace_of


@pytest.fixture
async def job_ulid(database: Database, client: httpx.Client, new_user: NewUser) -> str:
    """A queued job of a kind that no worker knows, so that only the test runs it."""
    workspace_id = await workspace_of(database, client, new_user())
    async with database.write(workspace_id) as session:
        return (await service.create(session, workspace_id, service.new_job_id(), "rehearsal", {}, "")).job_id


async def age(database: Database, job_ulid: str, interval: str) -> None:
    async with database.write() as session:
        changed = "heartbeat_at = now() - cast(:age AS interval), sent_at = now() - cast(:age AS interval)"
        await session.execute(
            text(f"UPDATE job SET {changed} WHERE job_ulid = :job"), {"age": interval, "job": job_ulid}
        )


async def row(database: Database, job_ulid: str) -> Job:
    async with database.write() as session:
        return (await session.scalars(select(Job).where(Job.job_ulid == job_ulid))).one()


async def was_sent_again(database: Database, job_ulid: str) -> bool:
    before = (await row(database, job_ulid)).sent_at
    await sweeping.sweep(database)
    return (await row(database, job_ulid)).sent_at > before


async def test_a_queued_job_is_sent_again_after_a_quarter_of_its_wait(database: Database, job_ulid: str) -> None:
    assert not await was_sent_again(database, job_ulid), "its message is still on the way"
    await age(database, job_ulid, "11 seconds")
    assert await was_sent_again(database, job_ulid)
    await age(database, job_ulid, "2 hours")
    assert await was_sent_again(database, job_ulid)
    assert not await was_sent_again(database, job_ulid)


async def test_a_running_job_is_sent_again_only_when_nobody_holds_it(database: Database, job_ulid: str) -> None:
    async with service.hold(database, job_ulid):
        await age(database, job_ulid, "1 minute")
        assert not await was_sent_again(database, job_ulid), "its worker is busy, not lost"
    assert await was_sent_again(database, job_ulid)


async def test_a_job_that_ends_its_worker_each_time_is_given_up_with_a_reason(
    database: Database, job_ulid: str
) -> None:
    for attempt in range(service.MAX_ATTEMPTS):
        async with service.hold(database, job_ulid) as job:
            assert job, f"attempt {attempt + 1}"
    async with service.hold(database, job_ulid) as job:
        assert job is None
    ended = await row(database, job_ulid)
    assert (ended.state, ended.error) == ("failed", service.GIVEN_UP)


async def test_whoever_gets_on_has_all_attempts_again(database: Database, job_ulid: str) -> None:
    for step in range(2 * service.MAX_ATTEMPTS):
        async with service.hold(database, job_ulid) as job:
            assert job
            assert job.checkpoint == ({"step": step - 1} if step else {})
            await service.save(job.connection, job, {"step": step}, step / 100)
    assert (await row(database, job_ulid)).attempts == 1


async def test_a_worker_that_hangs_loses_its_job_and_what_it_does_later_does_not_count(
    database: Database, job_ulid: str
) -> None:
    async with service.hold(database, job_ulid) as job:
        assert job
        await age(database, job_ulid, "31 minutes")
        await sweeping.sweep(database)
        given_up = await row(database, job_ulid)
        assert (given_up.state, given_up.error) == ("failed", sweeping.STUCK)
        await service.finish(job, {"rows": 1})
        with pytest.raises(JobCancelled):
            await service.save(job.connection, job, {"step": 1}, 0.5)
    ended = await row(database, job_ulid)
    assert (ended.state, ended.result, ended.checkpoint) == ("failed", None, {})


async def test_files_go_a_day_after_their_job_ended(database: Database, job_ulid: str, tmp_path: Path) -> None:
    unknown, fresh = tmp_path / service.new_job_id(), tmp_path / service.new_job_id()
    waiting = tmp_path / job_ulid
    for path in (unknown, fresh, waiting):
        path.touch()
    for path in (unknown, waiting):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    assert await uploads.purge(database, tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == sorted([fresh, waiting]), "one is young, the other's job is not done"
    await set_state(database, job_ulid, "failed", "23 hours")
    assert await uploads.purge(database, tmp_path) == 0, "it may be tried again"
    await set_state(database, job_ulid, "failed", "25 hours")
    assert await uploads.purge(database, tmp_path) == 1
    assert list(tmp_path.iterdir()) == [fresh]


async def test_a_file_that_an_import_removes_meanwhile_keeps_no_other(database: Database, tmp_path: Path) -> None:
    old, gone = tmp_path / service.new_job_id(), tmp_path / service.new_job_id()
    old.touch()
    os.utime(old, (0, 0))
    # In the list of the folder, and not there when it is looked at.
    gone.symlink_to(tmp_path / "removed")
    assert await uploads.purge(database, tmp_path) == 1
    assert list(tmp_path.iterdir()) == [gone]


async def set_state(database: Database, job_ulid: str, state: str, ended: str) -> None:
    async with database.write() as session:
        statement = "UPDATE job SET state = :state, finished_at = now() - cast(:age AS interval) WHERE job_ulid = :job"
        await session.execute(text(statement), {"state": state, "age": ended, "job": job_ulid})
