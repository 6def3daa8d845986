"""The same readings as bodies of every format, and as rows of a raw COPY."""

import asyncio
import io
import json
import time
from collections.abc import Callable

import httpx
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from app.core.copy import copy_in
from app.readings.packing import pack_rows
from app.readings.rows import Rows

COPY_TABLE = "bench_copy"
VALUES = ("temperature", "humidity", "voltage", "current")


class Batch:
    """`size` readings from `first` (microseconds since 1970) on, a millisecond apart, over all the servers in turn."""

    def __init__(self, ulids: list[str], size: int, first: int) -> None:
        self.number = np.arange(size) % len(ulids)
        self.ulids = ulids
        self.ts = first + 1000 * np.arange(size)
        chance = np.random.default_rng(first)
        # One and two decimals, as sensors send them.
        self.values = {name: np.round(20 + chance.normal(0, 1, size), 2) for name in VALUES}

    def table(self) -> pa.Table:
        """With dictionary-encoded servers and instants in microseconds."""
        servers = pa.DictionaryArray.from_arrays(pa.array(self.number, pa.int32()), pa.array(self.ulids))
        stamps = pa.array(self.ts, pa.timestamp("us", "UTC"))
        return pa.table({"server_ulid": servers, "timestamp": stamps, **self.values})

    def rows(self) -> list[dict[str, object]]:
        table = self.table()
        stamps = table["timestamp"].cast(pa.string()).to_pylist()
        texts = [f"{stamp[:10]}T{stamp[11:].rstrip('Z')}Z" for stamp in stamps]
        columns = [table["server_ulid"].to_pylist(), texts, *(table[name].to_pylist() for name in VALUES)]
        return [
            dict(zip(("server_ulid", "timestamp", *VALUES), row, strict=True)) for row in zip(*columns, strict=True)
        ]

    def packed(self, server_ids: list[int]) -> bytes:
        """As rows of binary COPY."""
        return pack_rows(Rows(np.array(server_ids)[self.number], self.ts, dict(self.values)))

    def line_protocol(self) -> bytes:
        """As InfluxDB takes them."""
        columns = zip(
            self.number.tolist(), self.ts.tolist(), *(self.values[name].tolist() for name in VALUES), strict=True
        )
        return "\n".join(
            f"reading,server={self.ulids[number]} temperature={t},humidity={h},voltage={v},current={c} {ts}"
            for number, ts, t, h, v, c in columns
        ).encode()


def _json(batch: Batch) -> bytes:
    return json.dumps(batch.rows()).encode()


def _ndjson(batch: Batch) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in batch.rows()).encode()


def _csv(batch: Batch) -> bytes:
    rows = batch.rows()
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _arrow(batch: Batch) -> bytes:
    table = batch.table()
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _parquet(batch: Batch) -> bytes:
    sink = io.BytesIO()
    pq.write_table(batch.table(), sink)
    return sink.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Batch], bytes]]] = {
    "JSON array": ("application/json", _json),
    "NDJSON": ("application/x-ndjson", _ndjson),
    "CSV": ("text/csv", _csv),
    "Arrow": ("application/vnd.apache.arrow.stream", _arrow),
    "Parquet": ("application/vnd.apache.parquet", _parquet),
}


def post_batch(client: httpx.Client, kind: str, body: bytes, size: int) -> float:
    """Seconds from the request to its receipt, which must count every reading as new."""
    started = time.perf_counter()
    answer = client.post("/data", content=body, headers={"Content-Type": kind})
    elapsed = time.perf_counter() - started
    if answer.raise_for_status().json()["accepted"] != size:
        raise RuntimeError(f"not every reading of the batch was new: {answer.text[:300]}")
    return elapsed


def raw_copy(database_url: str, packed: bytes) -> float:
    """Seconds of one COPY of these rows on an open connection, committed, into a table like ours."""
    return asyncio.run(_raw_copy(database_url, packed))


async def _raw_copy(database_url: str, packed: bytes) -> float:
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with connection:
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {COPY_TABLE} (LIKE reading INCLUDING ALL)")
        started = time.perf_counter()
        await copy_in(connection, f"COPY {COPY_TABLE} FROM STDIN (FORMAT BINARY)", packed)
        return time.perf_counter() - started
