"""Receivers, and a stage to act on."""

from collections.abc import Iterator

import httpx
import pytest

from app.core.db import Database
from tests.alerts.receiver import Receiver, running
from tests.alerts.stage import Stage
from tests.conftest import NewServer, NewUser
from tests.database import database as database


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


@pytest.fixture
def stage(database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer) -> Stage:
    return Stage(database, client, new_user, new_server)
