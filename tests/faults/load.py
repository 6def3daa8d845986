"""A thousand readings a second on the bare path, each sent until it is acknowledged, and the ledger of what was."""

import asyncio
import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType

import httpx

from tests.conftest import Server
from tests.system import System

CONNECTIONS = 50
RATE = 1000
# Before one is sent again: what Retry-After asks for would leave the servers idle in the very moment that is tested.
PAUSE_SECONDS = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, object]


class Load:
    """Runs in a thread while the `with` block lasts; then each connection finishes its reading."""

    def __init__(self, system: System, server: Server) -> None:
        self._system = system
        self._server = server
        self._first = time.time_ns() // 1000
        self._numbers = count()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._stopping = False
        self.acknowledged: list[Row] = []
        self.answers: Counter[int] = Counter()
        """How often each status came; 0 stands for a connection that broke."""
        self.slowest = 0.0
        """The longest that an acknowledged request took, seconds."""
        self.took: list[tuple[float, float]] = []
        """Of each reading when it was first sent (`time.monotonic`), and the seconds until it was acknowledged."""

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._send_for_ever() for _ in range(CONNECTIONS)))

    async def _send_for_ever(self) -> None:
        connection = _Connection(self._system.port)
        while not self._stopping:
            begun = time.monotonic()
            await self._insist(connection, self._reading())
            self.took.append((begun, time.monotonic() - begun))
            await asyncio.sleep(max(0.0, begun + CONNECTIONS / RATE - time.monotonic()))
        connection.close()

    def _reading(self) -> Row:
        number = next(self._numbers)
        moment = _EPOCH + timedelta(microseconds=self._first + number * 1000 + 1)
        text = moment.isoformat().replace("+00:00", "Z")
        return {"timestamp": text, "server_ulid": self._server.ulid, "temperature": float(number)}

    async def _insist(self, connection: "_Connection", reading: Row) -> None:
        body = json.dumps(reading).encode()
        begun = time.monotonic()
        while (status := await connection.post(body, self._server.device_key)) != 201:
            self.answers[status] += 1
            await asyncio.sleep(PAUSE_SECONDS)
            begun = time.monotonic()
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.answers[201] += 1
        self.acknowledged.append(reading)


class _Connection:
    """Opened when it is needed, and again when it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, key: str) -> int:
        """The status; 0 when the connection broke."""
        try:
            reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
            self._streams = reader, writer
            head = f"POST /data HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            return int(answer.split(b" ", 2)[1])
        except (OSError, EOFError):
            self.close()
            return 0

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None


# Rows of one answer when what is stored is compared with the ledger.
ROWS_AT_ONCE = 100_000


def assert_all_there_once(admin: httpx.Client, server: Server, load: Load) -> None:
    """Every reading was sent until acknowledged, so what is stored is exactly the ledger."""
    ledger = {str(row["timestamp"]): row["temperature"] for row in load.acknowledged}
    assert len(ledger) == len(load.acknowledged)
    # In one form all instants have the same length, so that their texts are in their order.
    bounds = sorted(ledger)[::ROWS_AT_ONCE]
    for start, end in zip([None, *bounds[1:]], [*bounds[1:], None], strict=True):
        expected = {text: value for text, value in ledger.items() if (start or "") <= text < (end or "~")}
        found = _rows(admin, server, start, end)
        stored = {row["timestamp"]: row["temperature"] for row in found}
        assert len(stored) == len(found)
        assert stored == expected


def _rows(admin: httpx.Client, server: Server, start: str | None, end: str | None) -> list[Row]:
    """What is stored from one instant to before another."""
    bounds = {"start_time": start, "end_time": end}
    params = {"server_ulid": server.ulid, **{name: instant for name, instant in bounds.items() if instant}}
    rows: list[Row] = admin.get("/data", params=params).raise_for_status().json()
    return rows[:-1] if end and rows and rows[-1]["timestamp"] == end else rows
