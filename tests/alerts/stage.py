"""A workspace with servers, a rule that its test alone decides, and channels to receivers of the test's own."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from app.alerts import delivering, transitions
from app.alerts.telling import Happened
from app.alerts.transitions import Decided
from app.core import db
from app.core.db import Database
from app.core.queue import Resources
from app.core.settings import Settings
from tests.conftest import NewServer, NewUser, Server
from tests.contract.calls import Row, unique

# What beat's rhythm (5 s) and a busy machine may take, threefold.
PATIENCE_SECONDS = 20.0
START = datetime(2026, 3, 1, tzinfo=UTC)


class Stage:
    """What a test of incidents acts on; the clock is the readings' own, in seconds from START."""

    def __init__(self, database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer) -> None:
        self.database = database
        self.client = client
        self.user = new_user()
        self._new_server = new_server
        self._resources = Resources(database, Settings(webhook_allowed_networks="127.0.0.1/32"))
        self.rule: Row = {}

    def server(self) -> Server:
        return self._new_server(self.user)

    def channel(self, url: str, **more: Any) -> Row:
        return self.post("/channels", {"name": unique("channel"), "url": url, **more})

    def make_rule(self, *channels: Row, **more: Any) -> Row:
        """A rule that fires when the test says so: nobody is offline for a day."""
        body = {
            "name": unique("rule"),
            "condition": {"kind": "offline", "hold_seconds": 86_400},
            "channel_ids": [channel["channel_id"] for channel in channels],
            **more,
        }
        self.rule = self.post("/rules", body)
        return self.rule

    def post(self, path: str, body: Row | None = None) -> Row:
        answer = self.client.post(path, json=body, headers=self.user.headers)
        assert answer.status_code < 300, answer.text
        found: Row = answer.json()
        return found

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params, headers=self.user.headers).raise_for_status().json()

    async def fire(self, *servers: Server, at: float = 0) -> list[Happened]:
        """The rule fires at these servers, in one look."""
        return await self._decide("opened", servers, at)

    async def end(self, *servers: Server, at: float = 0) -> list[Happened]:
        return await self._decide("resolved", servers, at)

    def incidents(self, **filters: Any) -> list[Row]:
        rows: list[Row] = self.get("/incidents", rule_id=self.rule["rule_id"], **filters)
        return rows

    def incident(self) -> Row:
        """The only one, with its timeline."""
        (only,) = self.incidents()
        found: Row = self.get(f"/incidents/{only['incident_id']}")
        return found

    def notifications(self, **filters: Any) -> list[Row]:
        """Oldest first."""
        rows: list[Row] = self.get("/notifications", **filters)
        return rows[::-1]

    def story(self) -> list[str]:
        """What happened to the only incident, without the attempts to tell of it."""
        attempts = ("delivered", "delivery_failed")
        return [entry["event"] for entry in self.incident()["timeline"] if entry["event"] not in attempts]

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        """Deliver what is due, here or in the system's worker, until something is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.notifications()
            await delivering.deliver_due(self._resources)
            await asyncio.sleep(0.05)

    async def hurry(self) -> None:
        """Whatever waits is due now."""
        async with self.database.write() as session:
            statement = (
                "UPDATE notification SET next_at = now() FROM channel, rule "
                "WHERE notification.channel_id = channel.channel_id AND rule_ulid = :rule AND state = 'queued' "
                "AND rule.workspace_id = channel.workspace_id"
            )
            await session.execute(text(statement), {"rule": self.rule["rule_id"]})

    async def _decide(self, kind: Any, servers: tuple[Server, ...], at: float) -> list[Happened]:
        moment = START + timedelta(seconds=at)
        connection = await self.database.connect()
        try:
            async with db.transaction(connection):
                numbers = [await self._number(connection, server) for server in servers]
                decided = [Decided(*pair, kind, moment, {"value": 1.0}) for pair in numbers]
                return await transitions.record(connection, decided)
        finally:
            await connection.close()

    async def _number(self, connection: Any, server: Server) -> tuple[int, int]:
        statement = "SELECT rule_id, server_id FROM rule, server WHERE rule_ulid = %s AND server_ulid = %s"
        row = await (await connection.execute(statement, (self.rule["rule_id"], server.ulid))).fetchone()
        return int(row[0]), int(row[1])
