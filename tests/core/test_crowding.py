"""A crowd of questions: a few at once, some wait in order, the rest are told to come again."""

import asyncio
import json
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.compat.prometheus.edge import refusal
from app.core import crowding
from app.core.crowding import AT_ONCE, WAITING, Crowding


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        if scope["query_string"] == b"heavy":
            crowding.leave()
        await self.go.wait()
        await PlainTextResponse("answered")(scope, receive, send)


async def ask(
    app: Crowding, path: str = "/data", method: str = "GET", query: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "path": path, "method": method, "query_string": query, "headers": [], "request_id": "one",
    }  # fmt: skip
    await app(scope, receive, send)
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], fields, sent[1]["body"]


async def test_a_few_are_worked_for_some_wait_and_the_rest_are_told_to_come_again() -> None:
    slow = Slow()
    app = Crowding(slow, refusal)
    asked = [asyncio.create_task(ask(app)) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)
    assert slow.begun == AT_ONCE
    status, fields, body = await ask(app)
    assert (status, fields["content-type"]) == (429, "application/problem+json")
    assert 3 <= int(fields["retry-after"]) <= 12
    assert json.loads(body)["type"] == "urn:sentinela:problem:busy"
    status, _, body = await ask(app, "/api/v1/query")
    assert (status, json.loads(body)["status"]) == (429, "error"), "as Prometheus' clients read it"
    slow.go.set()
    assert {status for status, _, _ in await asyncio.gather(*asked)} == {200}
    assert slow.begun == AT_ONCE + WAITING


async def test_what_leaves_its_place_lets_the_next_in() -> None:
    slow = Slow()
    app = Crowding(slow, refusal)
    heavy = [asyncio.create_task(ask(app, query=b"heavy")) for _ in range(3 * AT_ONCE)]
    await asyncio.sleep(0.01)
    assert slow.begun == 3 * AT_ONCE
    slow.go.set()
    assert {status for status, _, _ in await asyncio.gather(*heavy)} == {200}
    # Each place was given back once, not twice.
    slow.go.clear()
    more = [asyncio.create_task(ask(app)) for _ in range(2 * AT_ONCE)]
    await asyncio.sleep(0.01)
    assert slow.begun == 4 * AT_ONCE
    slow.go.set()
    await asyncio.gather(*more)


async def test_whoever_goes_away_while_waiting_takes_no_place() -> None:
    slow = Slow()
    app = Crowding(slow, refusal)
    asked = [asyncio.create_task(ask(app)) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)
    for waiting in asked[AT_ONCE:]:
        waiting.cancel()
    await asyncio.sleep(0)
    last = asyncio.create_task(ask(app))
    slow.go.set()
    assert (await last)[0] == 200


async def test_readings_and_other_paths_never_wait() -> None:
    slow = Slow()
    app = Crowding(slow, refusal)
    asked = [asyncio.create_task(ask(app)) for _ in range(AT_ONCE + WAITING)]
    others = [asyncio.create_task(ask(app, *of)) for of in (("/data", "POST"), ("/data", "DELETE"), ("/livez",))]
    await asyncio.sleep(0)
    assert slow.begun == AT_ONCE + len(others)
    slow.go.set()
    await asyncio.gather(*asked, *others)
