"""Servers that answer the same as peers: InfluxDB 1.x where `influxd` is installed, TimescaleDB at a URL."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg

from app.readings.packing import pack_rows
from app.readings.quantities import NAMES
from app.readings.rows import Rows
from bench import sealed_history as history
from bench import sides
from bench.query_peers import Peer
from bench.sealed_history import FIRST_HOUR, Fleet

DAY = range(FIRST_HOUR, FIRST_HOUR + 24)
_SECONDS = (DAY.start * 3600, DAY.stop * 3600)


@contextmanager
def running(fleet: Fleet, timescale_url: str | None) -> Iterator[list[Peer]]:
    """Those that are there, each with the first day of every server."""
    with ExitStack() as stack:
        found: list[Peer] = []
        if (side := stack.enter_context(sides.influxdb())) is not None:
            found.append(Influx(fleet, f"http://127.0.0.1:{side.port}"))
        if timescale_url:
            connection = stack.enter_context(psycopg.connect(timescale_url, autocommit=True))
            found.append(Timescale(fleet, connection))
            stack.callback(connection.execute, "DROP TABLE IF EXISTS bench_timescale")
        yield found


class Influx:
    """A measurement `reading`, tagged by server."""

    name = "InfluxDB"

    def __init__(self, fleet: Fleet, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=300, trust_env=False)
        for position, number in enumerate(fleet.numbers):
            for at, hour in enumerate(DAY):
                self._write(position, *history.hour(hour, number * 7 + at))

    def _write(self, position: int, ts: Any, values: dict[str, Any]) -> None:
        columns = zip(ts.tolist(), *(values[name].tolist() for name in NAMES), strict=True)
        lines = (
            f"reading,server={position} " + ",".join(f"{name}={value}" for name, value in zip(NAMES, row, strict=True))
            + f" {at}"
            for at, *row in columns
        )  # fmt: skip
        query = {"db": "bench", "precision": "u"}
        self._client.post("/write", params=query, content="\n".join(lines)).raise_for_status()

    def minutes(self, servers: int) -> None:
        among = " OR ".join(f"server = '{position}'" for position in range(servers))
        means = ", ".join(f"mean({name})" for name in NAMES)
        begin, end = _SECONDS
        text = f"SELECT {means} FROM reading WHERE time >= {begin}s AND time < {end}s AND ({among}) GROUP BY time(1m)"
        answer = self._client.post("/query", params={"db": "bench"}, data={"q": text}).raise_for_status().json()
        if len(answer["results"][0]["series"][0]["values"]) != 1440:
            raise RuntimeError("InfluxDB did not answer every minute")


class Timescale:
    """A hypertable in chunks of a day, compressed by server."""

    name = "TimescaleDB"

    def __init__(self, fleet: Fleet, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._numbers = fleet.numbers
        columns = ", ".join(f"{name} float8" for name in NAMES)
        connection.execute("DROP TABLE IF EXISTS bench_timescale")
        connection.execute(
            f"CREATE TABLE bench_timescale (server_id int, ts timestamptz, {columns}, extra jsonb)".encode()
        )
        connection.execute("SELECT create_hypertable('bench_timescale', 'ts', chunk_time_interval => interval '1 day')")
        for number in fleet.numbers:
            self._copy(number)
        connection.execute(
            "ALTER TABLE bench_timescale SET (timescaledb.compress, timescaledb.compress_segmentby = 'server_id')"
        )
        connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('bench_timescale') AS chunk")

    def _copy(self, number: int) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY bench_timescale FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
            for at, hour in enumerate(DAY):
                ts, values = history.hour(hour, number * 7 + at)
                copy.write(pack_rows(Rows(ts * 0 + number, ts, values)))
            copy.write(b"\xff\xff")

    def minutes(self, servers: int) -> None:
        means = ", ".join(f"avg({name})" for name in NAMES)
        self._connection.execute(
            f"SELECT time_bucket('1 minute', ts), {means} FROM bench_timescale WHERE server_id = ANY(%s)"
            " AND ts >= to_timestamp(%s) AND ts < to_timestamp(%s) GROUP BY 1 ORDER BY 1".encode(),
            (self._numbers[:servers], *_SECONDS),
        ).fetchall()
