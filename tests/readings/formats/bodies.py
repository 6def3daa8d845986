"""The same readings as a body of every format."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.readings.quantities import NAMES

Row = dict[str, Any]
"""A reading as JSON has it; a key that is missing or None was not sent."""

CUSTOM = "flow"
COLUMNS = ("server_ulid", "timestamp", *NAMES, CUSTOM)


def json_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows).encode()


def ndjson(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def text_csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def table(rows: Sequence[Row]) -> pa.Table:
    text, number = pa.string(), pa.float64()
    kinds = {name: text if name in COLUMNS[:2] else number for name in COLUMNS}
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()})


def arrow(rows: Sequence[Row]) -> bytes:
    return arrow_of(table(rows))


def arrow_of(readings: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, readings.schema) as writer:
        # Batches that do not end where chunks do.
        writer.write_table(readings, max_chunksize=7)
    return out.getvalue()


def parquet(rows: Sequence[Row]) -> bytes:
    return parquet_of(table(rows))


def parquet_of(readings: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(readings, out)
    return out.getvalue()


BODIES: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "application/json": json_array,
    "application/x-ndjson": ndjson,
    "text/csv": text_csv,
    "application/vnd.apache.arrow.stream": arrow,
    "application/vnd.apache.parquet": parquet,
}
