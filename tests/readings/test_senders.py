"""Who may send, when the process came too late to look at the rights."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from app.auth import service as auth
from app.auth.errors import InvalidCredential
from app.auth.uses import KeyUses
from app.core.db import Database
from app.core.settings import Settings
from app.presence.service import Arrivals
from app.readings.senders import Senders
from tests.conftest import User
from tests.contract.calls import new_key
from tests.database import database as database
from tests.system import System


@pytest.fixture
async def senders(system: System, database: Database) -> AsyncIterator[Senders]:
    """One that looks only when it is asked to."""
    settings = Settings(database_url=system.database_url)
    made = Senders(database, settings, KeyUses(database), Arrivals(60))
    await made.renew()
    yield made
    await made.close()


async def test_one_late_look_serves_all_who_wait(
    senders: Senders, client: httpx.Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [new_key(client, user)["key"] for _ in range(3)]
    await senders.renew()
    for key in keys:
        await senders.holder(key, None)
    asked: list[str] = []
    look = auth.epoch

    async def noted(database: Database) -> int:
        asked.append("look")
        return await look(database)

    monkeypatch.setattr(auth, "epoch", noted)
    monkeypatch.setattr(auth, "authenticate", None)
    senders._good_until = time.monotonic()
    found = await asyncio.gather(*(senders.holder(key, None) for key in keys * 50))
    assert len({holder.credential_id for holder in found}) == len(keys)
    # Another where that took a second.
    assert 1 <= len(asked) <= 3


async def test_a_late_look_finds_that_a_key_is_revoked(senders: Senders, client: httpx.Client, user: User) -> None:
    key = new_key(client, user)
    await senders.renew()
    await senders.holder(key["key"], None)
    client.delete(f"/keys/{key['key_id']}", headers=user.headers).raise_for_status()
    senders._good_until = time.monotonic()
    with pytest.raises(InvalidCredential):
        await senders.holder(key["key"], None)
