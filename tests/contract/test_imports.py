"""POST /imports: a file becomes a job, the job becomes a receipt, and a bad row sinks no other."""

import gzip
import io
import json
import time

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from app.transfers.imports import Tally
from tests.conftest import Server, User
from tests.contract.calls import (
    Row,
    bearer,
    column,
    metric,
    moment,
    new_key,
    post,
    readings_of,
    stamp,
    unique,
)
from tests.contract.problems import assert_problem, assert_refused

# Ten times what a small file takes on a busy machine.
DONE_WITHIN = 30.0
STATES = ["queued", "running", "done"]


def upload(client: httpx.Client, user: User, text: str | bytes, **options: str) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    headers = {**user.headers, "Content-Type": "text/csv"}
    return client.post("/imports", content=content, params=options, headers=headers)


def finished(client: httpx.Client, user: User, job_id: str) -> Row:
    """The job once it is done or has failed."""
    deadline = time.monotonic() + DONE_WITHIN
    while True:
        response = client.get(f"/jobs/{job_id}", headers=user.headers)
        assert response.status_code == 200
        job: Row = response.json()
        assert 0 <= job["progress"] <= 1
        if job["state"] in ("done", "failed"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def receipt_of(client: httpx.Client, user: User, text: str | bytes, **options: str) -> Row:
    """Import a file; the receipt of the job that did it."""
    response = upload(client, user, text, **options)
    assert response.status_code == 202, response.text
    job = finished(client, user, response.json()["job_id"])
    assert job["state"] == "done", job
    receipt: Row = job["result"]
    return receipt


def csv_of(server: Server, *rows: str, head: str = "server_ulid,timestamp,temperature,humidity") -> str:
    return "\n".join([head, *(f"{server.ulid},{row}" for row in rows)]) + "\n"


def test_an_upload_is_answered_with_a_job(client: httpx.Client, user: User, server: Server) -> None:
    response = upload(client, user, csv_of(server, f"{stamp()},1,2"))
    assert response.status_code == 202
    job = response.json()
    assert job["kind"] == "import"
    assert job["state"] in STATES
    assert response.headers["Location"].endswith(f"/jobs/{job['job_id']}")
    done = finished(client, user, job["job_id"])
    assert set(done) >= {"job_id", "kind", "state", "progress", "created_at", "started_at", "finished_at", "error"}
    assert (done["state"], done["progress"], done["error"]) == ("done", 1, None)
    assert moment(done["created_at"]) <= moment(done["started_at"]) <= moment(done["finished_at"])


def test_rows_of_a_file_become_readings(client: httpx.Client, user: User, server: Server) -> None:
    receipt = receipt_of(client, user, csv_of(server, f"{stamp()},1.5,40", f"{stamp(minutes=1)},,41"))
    assert receipt == {
        "rows": 2,
        "accepted": 2,
        "duplicates": 0,
        "updated": 0,
        "rejected_count": 0,
        "rejected": [],
    }
    assert readings_of(client, user, server) == [
        {"timestamp": stamp(), "server_ulid": server.ulid, "temperature": 1.5, "humidity": 40},
        {"timestamp": stamp(minutes=1), "server_ulid": server.ulid, "humidity": 41},
    ]


def test_the_same_file_again_changes_nothing(client: httpx.Client, user: User, server: Server) -> None:
    text = csv_of(server, *(f"{stamp(seconds=s)},{s},50" for s in range(20)))
    assert receipt_of(client, user, text)["accepted"] == 20
    again = receipt_of(client, user, text)
    assert (again["accepted"], again["duplicates"], again["updated"]) == (0, 20, 0)
    assert len(readings_of(client, user, server)) == 20


def test_a_file_merges_into_what_is_there(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=1, voltage=3)
    receipt = receipt_of(client, user, csv_of(server, f"{stamp()},2,50"))
    assert (receipt["accepted"], receipt["updated"]) == (0, 1)
    values = {"temperature": 2, "humidity": 50, "voltage": 3}
    assert readings_of(client, user, server) == [{"timestamp": stamp(), "server_ulid": server.ulid, **values}]


def test_an_imported_reading_shows_in_a_closed_range_that_was_cached(
    client: httpx.Client, user: User, server: Server
) -> None:
    closed = {"start_time": stamp(hours=-1), "end_time": stamp(hours=1)}
    for count in (1, 2):
        receipt_of(client, user, csv_of(server, f"{stamp(minutes=count)},{count},50"))
        assert column(readings_of(client, user, server, **closed), "temperature") == list(range(1, count + 1))


@pytest.mark.parametrize(
    "bad",
    [f"{stamp()},-300,50", f"{stamp()},warm,50", f"{stamp()},1,101", "yesterday,1,50", ",1,50", f"{stamp()},,",
     f"{stamp()},NaN,50", f"{stamp()},1e400,50", f"{stamp()},inf,50", "1714557600,1,50"],
)  # fmt: skip
def test_a_bad_row_is_told_and_sinks_no_other(client: httpx.Client, user: User, server: Server, bad: str) -> None:
    receipt = receipt_of(client, user, csv_of(server, f"{stamp(minutes=1)},1,50", bad, f"{stamp(minutes=2)},2,50"))
    assert (receipt["rows"], receipt["accepted"], receipt["rejected_count"]) == (3, 2, 1)
    assert [entry["index"] for entry in receipt["rejected"]] == [1]
    assert receipt["rejected"][0]["detail"]
    assert column(readings_of(client, user, server), "temperature") == [1, 2]


@pytest.mark.parametrize("marking", [{"Content-Encoding": "gzip"}, {"Content-Type": "application/gzip"}])
def test_a_compressed_file_is_taken(client: httpx.Client, user: User, server: Server, marking: dict[str, str]) -> None:
    headers = {**user.headers, "Content-Type": "text/csv", **marking}
    content = gzip.compress(csv_of(server, f"{stamp()},1,50").encode())
    response = client.post("/imports", content=content, headers=headers)
    assert response.status_code == 202
    assert finished(client, user, response.json()["job_id"])["result"]["accepted"] == 1


@pytest.mark.parametrize("form", ["csv", "ndjson", "arrow", "parquet"])
@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_a_file_of_any_form_is_known_by_its_bytes(
    client: httpx.Client, user: User, server: Server, form: str, compression: str
) -> None:
    if form == "parquet" and compression:
        pytest.skip("Parquet is compressed inside")
    stamps = [stamp(seconds=second) for second in range(50)]
    table = pa.table({"server_ulid": [server.ulid] * 50, "timestamp": stamps, "temperature": np.arange(50) / 2})
    content = as_file(table, form)
    if compression:
        content = gzip.compress(content) if compression == "gzip" else pa.compress(content, "zstd", asbytes=True)
    response = client.post("/imports", content=content, headers=user.headers)
    assert response.status_code == 202, response.text
    job = finished(client, user, response.json()["job_id"])
    assert (job["state"], job["result"] and job["result"]["accepted"]) == ("done", 50), job
    assert column(readings_of(client, user, server), "temperature") == [n / 2 for n in range(50)]


def as_file(table: pa.Table, form: str) -> bytes:
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, sink)
    elif form == "arrow":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    elif form == "csv":
        pc_csv.write_csv(table, sink)
    else:
        sink.write("".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode())
    return sink.getvalue()


def test_what_a_stopped_import_has_stored_is_counted_in_its_rows() -> None:
    """Within a load rows are stored before the load is done with."""
    tally = Tally(rows=100, accepted=150, duplicates=20, updated=5, rejected_count=1)
    assert tally.told()["rows"] == 176
    assert Tally(rows=200, accepted=150).told()["rows"] == 200


@pytest.mark.parametrize("columns", [{"server_column": "node", "timestamp_column": "when", "temperature_column": "t"}])
def test_columns_are_mapped_and_a_server_goes_by_its_name(
    client: httpx.Client, user: User, server: Server, columns: dict[str, str]
) -> None:
    text = f"node,when,t,remark\n{server.name},{stamp()},21.5,ok\n{server.ulid},{stamp(minutes=1)},22.5,\n"
    receipt = receipt_of(client, user, text, **columns)
    assert receipt["accepted"] == 2
    assert column(readings_of(client, user, server), "temperature") == [21.5, 22.5]


def test_unknown_servers_are_rejected_or_created_as_wished(client: httpx.Client, user: User) -> None:
    names = [unique("node"), unique("node")]
    text = "".join(["node,timestamp,temperature\n", *(f"{name},{stamp()},1\n" for name in [*names, names[0]])])
    refused = receipt_of(client, user, text, server_column="node")
    assert (refused["accepted"], refused["rejected_count"]) == (0, 3)
    made = receipt_of(client, user, text, server_column="node", create_servers="true")
    assert (made["accepted"], made["duplicates"], made["rejected_count"]) == (2, 1, 0)
    listed = client.get("/servers", headers=user.headers).json()
    assert set(names) <= {row["server_name"] for row in listed}


def test_creating_servers_needs_an_administrator(client: httpx.Client, user: User) -> None:
    headers = {**bearer(new_key(client, user)["key"]), "Content-Type": "text/csv"}
    text = f"node,timestamp,temperature\n{unique('node')},{stamp()},1\n"
    params = {"server_column": "node", "create_servers": "true"}
    assert_problem(client.post("/imports", content=text, params=params, headers=headers), 403)


def test_rows_of_a_foreign_server_are_rejected(
    client: httpx.Client, user: User, server: Server, stranger: User, foreign_server: Server
) -> None:
    rows = [f"{server.ulid},{stamp()},1", f"{foreign_server.ulid},{stamp()},1", f"{foreign_server.name},{stamp()},1"]
    receipt = receipt_of(client, user, "\n".join(["server_ulid,timestamp,temperature", *rows]))
    assert (receipt["accepted"], receipt["rejected_count"]) == (1, 2)
    assert readings_of(client, stranger, foreign_server) == []


def test_a_foreign_or_unknown_job_is_not_found(
    client: httpx.Client, user: User, server: Server, stranger: User
) -> None:
    job_id = upload(client, user, csv_of(server, f"{stamp()},1,50")).json()["job_id"]
    assert_problem(client.get(f"/jobs/{job_id}", headers=stranger.headers), 404)
    assert_problem(client.get("/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=user.headers), 404)
    assert finished(client, user, job_id)["state"] == "done"


@pytest.mark.parametrize(
    "content",
    [b"", b"node,when\n1,2\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"\x1f\x8b\x08\x00broken", b"\xff\xfe\x00",
     b"\x00" * 1_000, b'server_ulid,timestamp,temperature\n"open', b"," * 10_000,
     b"server_ulid,server_ulid,timestamp,temperature\n"],
)  # fmt: skip
def test_a_file_that_is_no_table_of_readings_stores_nothing_and_says_why(
    client: httpx.Client, user: User, content: bytes
) -> None:
    response = upload(client, user, content)
    if response.status_code != 202:
        assert_problem(response, 422)
        return
    job = finished(client, user, response.json()["job_id"])
    failed = job["state"] == "failed" and job["error"]
    assert failed or job["result"]["accepted"] == 0, job


def test_an_unknown_option_is_named(client: httpx.Client, user: User, server: Server) -> None:
    assert_refused(upload(client, user, csv_of(server, f"{stamp()},1,50"), colour="red"), "colour")


def test_an_import_of_history_brings_nobody_online(client: httpx.Client, user: User, server: Server) -> None:
    assert receipt_of(client, user, csv_of(server, f"{stamp()},1,50"))["accepted"] == 1
    assert client.get(f"/health/{server.ulid}", headers=user.headers).json()["status"] == "offline"


def test_a_finished_import_is_counted_as_a_task(client: httpx.Client, user: User, server: Server) -> None:
    before = metric(client, "sentinela_tasks_total")
    receipt_of(client, user, csv_of(server, f"{stamp()},1,50"))
    deadline = time.monotonic() + 10
    while metric(client, "sentinela_tasks_total") == before:
        assert time.monotonic() < deadline, "the worker's metrics do not show the task"
        time.sleep(0.1)
