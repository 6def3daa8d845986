"""What the same readings cost on disk elsewhere, where the others are installed (`pip install duckdb chdb`)."""

import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def bytes_on_disk(readings: pa.Table) -> dict[str, int]:
    """Bytes by name of whoever is there."""
    plain = readings.set_column(0, "server_ulid", readings["server_ulid"].cast(pa.string()))
    sides = {"DuckDB": ("duckdb", _duckdb), "ClickHouse (chdb)": ("chdb", _chdb)}
    found = {}
    for name, (module, measure) in sides.items():
        if find_spec(module):
            with tempfile.TemporaryDirectory(prefix="sentinela-bench-") as folder:
                found[name] = measure(plain, Path(folder))
    return found


def _duckdb(readings: pa.Table, folder: Path) -> int:
    source = folder / "readings.parquet"
    pq.write_table(readings, source)
    connection = import_module("duckdb").connect(str(folder / "readings.duckdb"))
    connection.execute(f"CREATE TABLE reading AS SELECT * FROM '{source}' ORDER BY server_ulid, timestamp")
    connection.execute("CHECKPOINT")
    connection.close()
    return (folder / "readings.duckdb").stat().st_size


def _chdb(readings: pa.Table, folder: Path) -> int:
    source = folder / "readings.parquet"
    pq.write_table(readings, source)
    session = import_module("chdb.session").Session(str(folder / "chdb"))
    session.query("CREATE DATABASE bench")
    session.query(
        "CREATE TABLE bench.reading (server_ulid LowCardinality(String), "
        "timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD), temperature Float64 CODEC(Gorilla, ZSTD), "
        "humidity Float64 CODEC(Gorilla, ZSTD), voltage Float64 CODEC(Gorilla, ZSTD), "
        "current Float64 CODEC(Gorilla, ZSTD)) ENGINE = MergeTree ORDER BY (server_ulid, timestamp)"
    )
    session.query(f"INSERT INTO bench.reading SELECT * FROM file('{source}', Parquet)")
    session.query("OPTIMIZE TABLE bench.reading FINAL")
    found = session.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'reading'", "CSV")
    size = int(str(found).strip())
    session.close()
    return size
