"""Many more questions at once than can be answered: readings are taken all the same, and nobody gets a 5xx."""

import asyncio
from collections import Counter

import httpx

from tests.conftest import Server, User
from tests.system import System

ASKERS = 400
READINGS = 40
# Five times what a reading took beside them on a busy machine.
WITHIN_SECONDS = 10.0


async def asked(system: System, path: str, key: str) -> tuple[int, str]:
    """Status and `Retry-After` of one question on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", system.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    while await reader.read(2**16):
        pass
    writer.close()
    return int(head[9:12]), head.partition("retry-after: ")[2].partition("\r\n")[0]


async def send_readings(system: System, server: Server) -> None:
    async with httpx.AsyncClient(base_url=system.url, headers=server.headers, trust_env=False) as client:
        for second in range(READINGS):
            body = {"server_ulid": server.ulid, "timestamp": f"2026-01-01T00:00:{second:02}Z", "temperature": 20.5}
            sent = await asyncio.wait_for(client.post("/data", json=body), WITHIN_SECONDS)
            assert sent.status_code == 201, sent.text
            await asyncio.sleep(0.02)


async def test_readings_are_taken_and_all_are_told_something(system: System, user: User, server: Server) -> None:
    path = f"/data?server_ulid={server.ulid}&start_time=2025-12-01T00:00:00Z"
    crowd = [asyncio.create_task(asked(system, path, user.token)) for _ in range(ASKERS)]
    await send_readings(system, server)
    told = await asyncio.gather(*crowd)
    statuses = Counter(status for status, _ in told)
    assert set(statuses) <= {200, 429}, statuses
    assert statuses[200] >= 1
    assert all(after.isdigit() for status, after in told if status == 429)
    assert await asked(system, path, user.token) == (200, "")
