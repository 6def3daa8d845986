"""Answers that are computed window by window: what goes out, and what must not go out yet."""

from typing import Any

import psycopg
import pytest

from app.auth.principals import Principal
from app.core.db import Database
from app.core.errors import Invalid
from app.readings.aggregates import ranks
from app.readings.engine import answer, buckets, outline
from app.readings.engine.question import Piece
from app.readings.questions import DataQuery
from app.readings.series import Asking, Series
from tests.conftest import NewServer, NewUser
from tests.readings.query.oracle import DAY, HOUR, MINUTE, Stored
from tests.readings.query.store import Store

FIRST = 1_700_006_400_000_000
DAYS = 12


class Asker:
    """Asks about one server with twelve days of readings, a few of each day, the last one full of different values."""

    def __init__(self, series: Series, database: Database, workspace: int) -> None:
        self._series = series
        self._database = database
        self._workspace = workspace

    async def ask(self, **query: Any) -> Asking:
        return await self._series.ask(Principal(self._workspace, frozenset({"read"})), DataQuery(**query))

    async def pieces(self, **query: Any) -> list[Piece]:
        question = (await self.ask(**query)).asked.question
        async with self._database.snapshot(self._workspace) as connection:
            seen = await outline.overview(connection, question)
            return [piece async for piece in answer.pieces(connection, question, seen)]


@pytest.fixture
def asker(
    new_user: NewUser, new_server: NewServer, connection: "psycopg.Connection[Any]", series: Series, database: Database
) -> Asker:
    server = new_server(new_user())
    row = connection.execute(
        "SELECT server_id, workspace_id FROM server WHERE server_ulid = %s", (server.ulid,)
    ).fetchone()
    assert row
    number, workspace = row
    few = [
        Stored(number, FIRST + day * DAY + hour * HOUR, {"temperature": 20.0 + hour})
        for day in range(DAYS)
        for hour in (1, 5, 22)
    ]
    many = [Stored(number, FIRST + (DAYS - 1) * DAY + n * MINUTE, {"temperature": n / 7}) for n in range(1, 301)]
    store = Store(connection, {})
    store.put_sealed([row for row in few if row.ts < FIRST + 8 * DAY])
    store.put_hot({row.ts: row for row in few + many if row.ts >= FIRST + 8 * DAY}.values())
    return Asker(series, database, workspace)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Sao_Paulo"])
async def test_newest_first_goes_from_the_end_window_by_window(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    asked: dict[str, Any] = {"aggregation": "day", "tz": zone, "function": ["mean", "count", "last"]}
    (forwards,) = await asker.pieces(**asked)
    # Three days of four quantities fit a window now.
    monkeypatch.setattr(buckets, "CELLS", 12)
    backwards = await asker.pieces(**asked, order="desc")
    assert len(backwards) >= 4
    assert [ts for piece in backwards for ts in piece.ts.tolist()] == forwards.ts[::-1].tolist()
    for name in ("temperature_mean", "temperature_count", "temperature_last"):
        values = [value for piece in backwards for value in piece.values[name].tolist()]
        assert values == pytest.approx(forwards.values[name][::-1].tolist(), rel=1e-12)


async def test_a_page_is_looked_for_in_windows_of_its_own_size(asker: Asker) -> None:
    (whole,) = await asker.pieces(aggregation="day", order="asc")
    page = await asker.pieces(aggregation="day", order="desc", limit=2)
    # Two days each; who wants two rows reads no further than the second.
    assert len(page) >= DAYS // 2
    assert sum(map(len, page)) == len(whole)


async def test_too_many_values_for_percentiles_are_told_before_the_first_byte(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = await asker.ask(aggregation="day", function=["median"], sensor_type=["temperature"])
    # The first eleven days fit, each window of some; the last day does not.
    for module in (ranks, answer, buckets):
        monkeypatch.setattr(module, "MAX_DIFFERENT", 100)
    monkeypatch.setattr(ranks, "COLLECTED", 50)
    with pytest.raises(Invalid) as refused:
        await asking.reply(60, "json")
    assert (refused.value.errors or [])[0]["type"] == "too_many_values"


async def test_percentiles_that_fit_come_whole_though_they_were_held(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"aggregation": "day", "function": ["median"], "sensor_type": ["temperature"]}
    plain = await (await asker.ask(**asked)).reply(60, "json")
    expected = b"".join([part async for part in plain.pieces])
    for module in (answer, buckets):
        monkeypatch.setattr(module, "MAX_DIFFERENT", 100)
    held = await (await asker.ask(**asked)).reply(60, "json")
    assert b"".join([part async for part in held.pieces]) == expected
