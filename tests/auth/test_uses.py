"""The uses of keys on their way to the database: late, seldom, but written."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.auth.principals import Principal
from app.auth.tables import Credential
from app.auth.uses import KeyUses
from app.core.clock import now
from app.core.db import Database
from tests.conftest import NewUser
from tests.database import database as database

# Uses are written every two seconds; whoever closes does not wait for that.
LONG_BEFORE_THE_NEXT_WRITE = 1.0


@pytest.fixture
async def key(database: Database, client: httpx.Client, new_user: NewUser) -> Principal:
    """The holder of a key that was never used."""
    made = client.post("/keys", json={"name": "unused"}, headers=new_user().headers).raise_for_status().json()
    async with database.write() as session:
        row = (await session.scalars(select(Credential).where(Credential.credential_ulid == made["key_id"]))).one()
    return Principal(row.workspace_id, frozenset(row.scopes), credential_id=row.credential_id)


@pytest.fixture
async def processes(database: Database) -> AsyncIterator[list[KeyUses]]:
    """Two processes' uses."""
    both = [KeyUses(database), KeyUses(database)]
    for uses in both:
        uses.start()
    yield both
    for uses in both:
        await uses.close()


async def last_used(database: Database, key: Principal) -> datetime | None:
    async with database.write() as session:
        moment: datetime | None = await session.scalar(
            select(Credential.last_used_at).where(Credential.credential_id == key.credential_id)
        )
        return moment


async def was_used(database: Database, key: Principal, age: timedelta) -> datetime:
    """Let the key be used last so long ago."""
    moment = now() - age
    async with database.write() as session:
        chosen = update(Credential).where(Credential.credential_id == key.credential_id)
        await session.execute(chosen.values(last_used_at=moment))
    return moment


async def use_once(database: Database, *keys: Principal, within: float = LONG_BEFORE_THE_NEXT_WRITE) -> None:
    uses = KeyUses(database)
    uses.start()
    for key in keys:
        uses.note(key)
    async with asyncio.timeout(within):
        await uses.close()


async def test_closing_writes_the_last_uses_at_once(database: Database, key: Principal) -> None:
    begun = now() - timedelta(seconds=1)
    await use_once(database, key)
    assert begun < (await last_used(database, key) or begun) <= now() + timedelta(seconds=1)


async def test_a_key_costs_one_write_a_minute_however_many_processes_use_it(database: Database, key: Principal) -> None:
    recent = await was_used(database, key, timedelta(seconds=50))
    await asyncio.gather(*(use_once(database, key) for _ in range(4)))
    assert await last_used(database, key) == recent
    older = await was_used(database, key, timedelta(seconds=61))
    await use_once(database, key)
    assert (await last_used(database, key) or older) > older + timedelta(seconds=50)


async def test_a_use_waits_neither_for_a_locked_row_nor_forgets_the_other_keys(
    database: Database, client: httpx.Client, new_user: NewUser, key: Principal
) -> None:
    """As while an administrator's transaction revokes one of them."""
    made = client.post("/keys", json={"name": "other"}, headers=new_user().headers).raise_for_status().json()
    async with database.write() as session:
        row = (await session.scalars(select(Credential).where(Credential.credential_ulid == made["key_id"]))).one()
        other = Principal(row.workspace_id, frozenset(), credential_id=row.credential_id)
        await session.execute(select(Credential).where(Credential.credential_id == key.credential_id).with_for_update())
        await use_once(database, key, other)
    assert await last_used(database, key) is None
    assert await last_used(database, other) is not None


async def test_a_use_shows_without_closing(database: Database, processes: list[KeyUses], key: Principal) -> None:
    processes[0].note(key)
    processes[1].note(key)
    async with asyncio.timeout(10):
        while await last_used(database, key) is None:
            await asyncio.sleep(0.1)


async def test_a_fleet_s_keys_are_one_write(database: Database, key: Principal) -> None:
    """More than a statement takes parameters."""
    others = [Principal(key.workspace_id, frozenset(), credential_id=-number) for number in range(1, 70_000)]
    await use_once(database, *others, key, within=60)
    assert await last_used(database, key) is not None
