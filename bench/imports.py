"""History through `POST /imports`, and the same rows by raw COPY."""

import time

import httpx
import psycopg

from app.core.clock import parse_instant
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from bench.batches import COPY_TABLE, raw_copy
from tests.system import System

LOOK_SECONDS = 0.02


class Importer:
    """Imports files into a running system, and tells how fast."""

    def __init__(self, system: System) -> None:
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        self._client = httpx.Client(base_url=system.url, headers=headers, timeout=600, trust_env=False)

    def import_file(self, content: bytes, count: int) -> tuple[float, float]:
        """Readings a second from the first byte sent to the end of the job, and of the job alone."""
        started = time.perf_counter()
        accepted = self._client.post("/imports", content=content).raise_for_status().json()
        while (job := self._client.get(f"/jobs/{accepted['job_id']}").json())["state"] not in ("done", "failed"):
            time.sleep(LOOK_SECONDS)
        elapsed = time.perf_counter() - started
        if job["error"] or job["result"]["accepted"] != count:
            raise RuntimeError(f"not every reading was new: {job}")
        work = parse_instant(job["finished_at"]) - parse_instant(job["started_at"])
        return count / elapsed, count / work.total_seconds()


def copy_rate(database_url: str, rows: Rows) -> float:
    """Readings a second of one COPY into an empty table like ours, the rows packed beforehand."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {COPY_TABLE} (LIKE reading INCLUDING ALL)")
        connection.execute(f"TRUNCATE {COPY_TABLE}")
    return len(rows) / raw_copy(database_url, pack_rows(rows))
