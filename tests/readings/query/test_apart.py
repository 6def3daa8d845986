"""Heavy questions are answered by a process of their own: the same bytes, the same refusals."""

import os
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.auth.principals import Principal
from app.core.apart import Apart
from app.core.crowding import Busy
from app.core.db import Database
from app.core.errors import Unavailable
from app.readings import series as series_module
from app.readings.aggregates.ranks import TooManyValues
from app.readings.engine import costs
from app.readings.questions import DataQuery
from app.readings.series import Asking, Series
from app.readings.writers import FORMATS
from tests.conftest import NewServer, NewUser
from tests.core.works import Describing, Failing
from tests.readings.query.oracle import HOUR, MINUTE, Stored
from tests.readings.query.store import Store

FIRST = 1_700_006_400_000_000
READINGS = 500


class Asker:
    """Asks about one server with some hours of readings, sealed and not."""

    def __init__(self, series: Series, workspace: int) -> None:
        self._series = series
        self._workspace = workspace

    async def ask(self, **query: Any) -> Asking:
        return await self._series.ask(Principal(self._workspace, frozenset({"read"})), DataQuery(**query))

    async def told(self, form: str, **query: Any) -> tuple[bytes, str]:
        reply = await (await self.ask(**query, format=form)).reply(60, form)
        return b"".join([bytes(part) async for part in reply.pieces]), reply.cursor


@pytest.fixture
def asker(new_user: NewUser, new_server: NewServer, connection: "psycopg.Connection[Any]", series: Series) -> Asker:
    server = new_server(new_user())
    row = connection.execute(
        "SELECT server_id, workspace_id FROM server WHERE server_ulid = %s", (server.ulid,)
    ).fetchone()
    assert row
    number, workspace = row
    rows = [Stored(number, FIRST + n * MINUTE, {"temperature": n / 7, "humidity": 50.0}) for n in range(READINGS)]
    store = Store(connection, {})
    store.put_sealed([row for row in rows if row.ts < FIRST + 5 * HOUR])
    store.put_hot([row for row in rows if row.ts >= FIRST + 5 * HOUR])
    return Asker(series, workspace)


@pytest.mark.parametrize("form", FORMATS)
async def test_the_answer_is_the_same_byte_for_byte(asker: Asker, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    questions: list[dict[str, Any]] = [
        {},
        {"limit": 7, "order": "desc"},
        {"aggregation": "hour", "function": ["median", "mean"], "fill": "linear"},
        {"where": ["temperature>1000"]},
    ]
    here = [await asker.told(form, **question) for question in questions]
    monkeypatch.setattr(series_module, "HEAVY_SECONDS", -1.0)
    assert [await asker.told(form, **question) for question in questions] == here
    assert here[1][1], "a page has a cursor"


async def test_too_many_values_are_known_here(apart: Apart) -> None:
    with pytest.raises(TooManyValues):
        [part async for part in apart.run(Failing("values"))]


async def test_the_process_dies_and_the_next_question_is_answered(
    asker: Asker, apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_module, "HEAVY_SECONDS", -1.0)
    with pytest.raises(Unavailable):
        [part async for part in apart.run(Failing("die"))]
    assert (await asker.told("csv"))[0].count(b"\n") == READINGS + 1


async def test_the_database_is_asked_as_readers_ask_it(apart: Apart, database: Database) -> None:
    said = b"".join([part async for part in apart.run(Describing())]).decode().split()
    assert said[0] != str(os.getpid())
    async with database.read(1) as session:
        assert said[3] == await session.scalar(text("SELECT current_user"))


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"aggregation": "1m"},
    {"aggregation": "hour", "function": ["median", "twa"]},
    {"limit": 10},
    {"max_points": 50},
]


@pytest.mark.parametrize("query", QUESTIONS)
async def test_nothing_costs_more_than_it_may_at_most(asker: Asker, query: dict[str, Any]) -> None:
    asking = await asker.ask(**query)
    found: Any = (await asking.explain(60))["estimate"]
    assert found["seconds"] <= costs.at_most(asking.asked.question)


async def test_what_a_page_asks_is_known_to_be_light_and_a_year_as_stored_is_not(asker: Asker) -> None:
    day = {"start_time": "2024-05-01T00:00:00Z", "end_time": "2024-05-02T00:00:00Z"}
    year = {"start_time": "2023-05-01T00:00:00Z", "end_time": "2024-05-01T00:00:00Z"}
    light = [day, day | {"aggregation": "1m"}, year | {"aggregation": "hour"}, {"limit": 100}]
    heavy = [year, {}, year | {"aggregation": "day", "function": ["median"]}]
    for queries, is_heavy in ((light, False), (heavy, True)):
        for query in queries:
            question = (await asker.ask(**query)).asked.question
            assert (costs.at_most(question) > series_module.HEAVY_SECONDS) == is_heavy, query


async def test_what_may_be_heavy_is_refused_unseen_where_too_many_wait(
    asker: Asker, series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "_waiting", series_module.HEAVY_WAITING)
    monkeypatch.setattr(series_module, "REFUSED_SECONDS", 0.01)
    with pytest.raises(Busy):
        await asker.told("csv")
    assert (await asker.told("csv", limit=3))[0].count(b"\n") == 4, "what is light is answered"
