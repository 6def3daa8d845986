"""GET /data: functions, zones, groups, forms, pages, budgets; what each answer says beside its rows."""

import contextlib
import io
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import column, post, post_many, readings, readings_of, stamp
from tests.contract.problems import assert_refused
from tests.system import System

RANGE = {"start_time": stamp(), "end_time": stamp(hours=1)}


@pytest.fixture
def minutes(client: httpx.Client, server: Server) -> Server:
    """Temperatures 0 to 9, one a minute from START on, and a humidity at every other."""
    rows: list[dict[str, Any]] = [{"timestamp": stamp(minutes=m), "temperature": m} for m in range(10)]
    for row in rows[::2]:
        row["humidity"] = 50
    post_many(client, server, rows)
    return server


def ask(client: httpx.Client, user: User, server: Server, **more: Any) -> httpx.Response:
    headers = user.headers | more.pop("headers", {})
    return client.get("/data", params={"server_ulid": server.ulid, **more}, headers=headers)


def test_one_row_over_the_range_without_an_interval(client: httpx.Client, user: User, minutes: Server) -> None:
    asked = ["mean", "min", "max", "count", "median", "p90", "delta", "integral"]
    (row,) = readings_of(client, user, minutes, function=asked, sensor_type="temperature")
    assert row.pop("timestamp") == stamp()
    assert row == {
        "temperature_mean": 4.5, "temperature_min": 0, "temperature_max": 9, "temperature_count": 10,
        "temperature_median": 4.5, "temperature_p90": 8.1, "temperature_delta": 9, "temperature_integral": 2430,
    }  # fmt: skip


def test_a_function_alone_keeps_the_names_of_the_quantities(client: httpx.Client, user: User, minutes: Server) -> None:
    (row,) = readings_of(client, user, minutes, function="max", aggregation="1h")
    assert row == {"timestamp": stamp(), "temperature": 9, "humidity": 50}


def test_a_counter_that_begins_anew_is_no_step_back(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": stamp(seconds=s), "pulses": v} for s, v in enumerate([10, 14, 3, 5])])
    (row,) = readings_of(client, user, server, function=["delta", "rate"], sensor_type="pulses")
    assert row == {"timestamp": stamp(), "pulses_delta": 9, "pulses_rate": 3}


@pytest.mark.parametrize(
    ("fill", "expected"),
    [("none", [1, 4]), ("null", [1, None, None, 4]), ("previous", [1, 1, 1, 4]), ("linear", [1, 2, 3, 4])],
)
def test_intervals_without_readings_are_filled(
    client: httpx.Client, user: User, server: Server, fill: str, expected: list[Any]
) -> None:
    post_many(client, server, [{"timestamp": stamp(minutes=m), "temperature": v} for m, v in ((0, 1), (3, 4))])
    rows = readings_of(client, user, server, aggregation="1m", fill=fill, sensor_type="temperature")
    assert column(rows, "temperature") == expected


def test_days_are_those_of_the_zone(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp="2018-11-04T02:59:59Z", temperature=1)
    post(client, server, timestamp="2018-11-04T03:00:00Z", temperature=2)
    rows = readings_of(client, user, server, aggregation="1d", tz="America/Sao_Paulo")
    assert column(rows, "timestamp") == ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"]


def test_servers_are_grouped_by_a_tag(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    sites = {"lisboa": [1, 3], "porto": [10], None: [100]}
    for site, values in sites.items():
        for value in values:
            server = new_server(newcomer)
            body = {"tags": {"site": site} if site else {}}
            client.patch(f"/servers/{server.ulid}", json=body, headers=newcomer.headers).raise_for_status()
            post(client, server, timestamp=stamp(), temperature=value)
    rows = readings(client, newcomer, aggregation="1h", group_by="tag:site")
    assert [(row.get("group"), row["temperature"]) for row in rows] == [("lisboa", 2), ("porto", 10), (None, 100)]


def test_coverage_counts_against_the_declared_interval(client: httpx.Client, user: User, server: Server) -> None:
    path = f"/servers/{server.ulid}"
    client.patch(path, json={"interval_seconds": 10}, headers=user.headers).raise_for_status()
    post_many(client, server, [{"timestamp": stamp(seconds=s), "temperature": 1} for s in (0, 10, 20)])
    (row,) = readings_of(client, user, server, aggregation="1m", function="coverage")
    assert row["temperature"] == 0.5


def test_conditions_leave_readings_out(client: httpx.Client, user: User, minutes: Server) -> None:
    rows = readings_of(client, user, minutes, where=["temperature>=3", "humidity=50"])
    assert column(rows, "temperature") == [4, 6, 8]
    (row,) = readings_of(client, user, minutes, where="temperature>7", function="count", sensor_type="temperature")
    assert row["temperature"] == 2
    assert_refused(ask(client, user, minutes, where="colour>1"), "where")


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("more", [{}, {"aggregation": "1m"}])
def test_pages_join_to_the_whole_and_survive_new_readings(
    client: httpx.Client, user: User, minutes: Server, order: str, more: dict[str, str]
) -> None:
    whole = readings_of(client, user, minutes, order=order, **more)
    assert column(whole, "temperature") == sorted(range(10), reverse=order == "desc")
    found, answer = [], ask(client, user, minutes, order=order, limit=3, **more)
    while True:
        found += answer.json()
        if "next" not in answer.links:
            break
        post(client, minutes, timestamp=stamp(hours=-1 if order == "asc" else 1, seconds=len(found)), temperature=77)
        answer = client.get(answer.links["next"]["url"], headers=user.headers)
    assert found == whole


def test_a_cursor_of_another_query_is_refused(client: httpx.Client, user: User, minutes: Server) -> None:
    link = httpx.URL(ask(client, user, minutes, limit=3).links["next"]["url"])
    assert_refused(ask(client, user, minutes, limit=3, order="desc", cursor=link.params["cursor"]), "cursor")
    for broken in ("", "WzFd", "W10", link.params["cursor"][:-3]):
        assert_refused(ask(client, user, minutes, limit=3, cursor=broken), "cursor")


@pytest.mark.parametrize("by_header", [True, False])
def test_every_form_says_the_same(client: httpx.Client, user: User, minutes: Server, by_header: bool) -> None:
    expected = readings_of(client, user, minutes)
    kinds = {"ndjson": "application/x-ndjson", "csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream",
             "parquet": "application/vnd.apache.parquet"}  # fmt: skip
    for name, kind in kinds.items():
        chosen = {"headers": {"Accept": kind}} if by_header else {"format": name}
        answer = ask(client, user, minutes, **chosen)
        assert answer.headers["content-type"].startswith(kind)
        assert list(understood(name, answer.content)) == expected, name


def understood(name: str, body: bytes) -> Iterator[dict[str, Any]]:
    """Rows as the JSON has them."""
    if name == "ndjson":
        yield from (json.loads(line) for line in body.splitlines())
        return
    if name == "csv":
        header, *lines = (line.split(",") for line in body.decode().splitlines())
        for line in lines:
            row = dict(zip(header, line, strict=True))
            head = {key: row.pop(key) for key in ("timestamp", "server_ulid")}
            yield head | {key: float(value) for key, value in row.items() if value}
        return
    table = pa.ipc.open_stream(body).read_all() if name == "arrow" else pq.read_table(io.BytesIO(body))
    for row in table.to_pylist():
        row["timestamp"] = row["timestamp"].isoformat().replace("+00:00", "Z")
        yield {key: value for key, value in row.items() if value is not None}


def test_what_no_form_is_accepted_as_is_refused(client: httpx.Client, user: User, server: Server) -> None:
    assert ask(client, user, server, headers={"Accept": "image/png"}).status_code == 406
    assert ask(client, user, server, headers={"Accept": "text/html,*/*;q=0.8"}).json() == []


def test_a_closed_range_is_not_sent_twice(client: httpx.Client, user: User, minutes: Server) -> None:
    first = ask(client, user, minutes, **RANGE)
    known = {"If-None-Match": first.headers["etag"]}
    again = ask(client, user, minutes, **RANGE, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert ask(client, user, minutes, **RANGE, format="csv", headers=known).status_code == 200
    post(client, minutes, timestamp=stamp(minutes=30), temperature=1)
    assert ask(client, user, minutes, **RANGE, headers=known).status_code == 200
    assert "etag" not in ask(client, user, minutes).headers


def test_explain_tells_what_would_be_read(client: httpx.Client, user: User, minutes: Server) -> None:
    told = ask(client, user, minutes, aggregation="hour", function=["min", "max"], explain="true").json()
    assert told["estimate"]["readings"] == told["estimate"]["hot_readings"] == 10
    assert told["columns"][:2] == ["temperature_min", "temperature_max"]
    assert (told["first_reading"], told["last_reading"]) == (stamp(), stamp(minutes=9))


def test_a_chart_keeps_its_lowest_and_highest(client: httpx.Client, user: User, server: Server) -> None:
    values = [float(s % 7) for s in range(600)]
    values[123], values[456] = -50.0, 99.0
    post_many(client, server, [{"timestamp": stamp(seconds=s), "voltage": value} for s, value in enumerate(values)])
    rows = readings_of(client, user, server, max_points=50, sensor_type="voltage")
    assert len(rows) <= 50
    assert {-50.0, 99.0} <= set(column(rows, "voltage"))
    assert (rows[0]["timestamp"], rows[-1]["timestamp"]) == (stamp(), stamp(seconds=599))
    few = readings_of(client, user, server, max_points=1000, sensor_type="voltage")
    assert column(few, "voltage") == values


@pytest.fixture
def vast(system: System, client: httpx.Client, newcomer: User, new_server: NewServer) -> Iterator[User]:
    """Somebody whose servers' segments claim a year of readings; none of their payloads can be decoded."""
    server = new_server(newcomer)
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        row = connection.execute("SELECT server_id FROM server WHERE server_ulid = %s", (server.ulid,)).fetchone()
        assert row
        connection.execute(
            """
            INSERT INTO segment
            SELECT %s, hour, 36000, to_timestamp(hour * 3600.0), to_timestamp(hour * 3600.0 + 3599), ''
            FROM generate_series(473352, 473352 + 8760) AS hour
            """,
            (row[0],),
        )
        yield newcomer
        connection.execute("DELETE FROM segment WHERE server_id = %s", (row[0],))


def test_a_query_past_the_budget_is_refused_without_reading_a_payload(client: httpx.Client, vast: User) -> None:
    answer = client.get("/data", params={"format": "csv", "start_time": "2024-01-01T00:00:00"}, headers=vast.headers)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:sentinela:problem:query-too-expensive"
    assert problem["estimate"]["readings"] == 8761 * 36000
    told = client.get(problem["cheaper"] + "&explain=true", headers=vast.headers)
    assert told.status_code == 200, told.text
    assert told.json()["estimate"]["seconds"] <= told.json()["budget_seconds"]


def test_who_reads_slowly_holds_no_connection_and_no_memory(
    system: System, client: httpx.Client, newcomer: User, new_server: NewServer
) -> None:
    server = new_server(newcomer)
    for part in range(4):
        rows = [{"timestamp": stamp(seconds=part * 20_000 + s), "temperature": s / 7} for s in range(20_000)]
        post_many(client, server, rows)
    before = memory_of(system)
    with socket.create_connection(("127.0.0.1", system.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /data?format=ndjson HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {newcomer.token}\r\n\r\n"
        slow.sendall(request.encode())
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        deadline = time.monotonic() + 10
        while open_snapshots(system) and time.monotonic() < deadline:
            slow.recv(100)
            time.sleep(0.1)
        assert not open_snapshots(system)
        # 5 MB of the answer wait in a file, not in the process.
        assert memory_of(system) - before < 100 * 2**20


def memory_of(system: System) -> int:
    """Of the API's processes together, bytes."""
    total = 0
    for each in system.descendants():
        # Others of the system come and go meanwhile.
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_info().rss if "spawn_main" in " ".join(each.cmdline()) else 0
    return total


def open_snapshots(system: System) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start < now() - interval '0.3 s'"
            " AND application_name = 'sentinela'"
        ).fetchone()
    return int(row[0]) if row else 0
