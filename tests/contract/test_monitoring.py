"""Probes, metrics and request ids: what an operator and a machine look at."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from app import __version__
from tests.conftest import Server, User
from tests.contract.calls import connect, metric, post
from tests.contract.problems import assert_problem
from tests.system import System

NAMES = [
    "sentinela_http_requests_total", "sentinela_http_request_seconds_bucket", "sentinela_http_request_seconds_count",
    "sentinela_readings_total", "sentinela_commit_seconds_bucket", "sentinela_batch_readings_bucket",
    "sentinela_backlog_readings", "sentinela_password_hashes_total",
]  # fmt: skip
SAMPLE = re.compile(r'[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\]|\\.)*",?)*\})? -?(\d[\d.e+-]*|\+Inf|NaN)( \d+)?')


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_and_metrics_need_no_credential(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(path).status_code == 200


def test_metrics_are_in_the_text_format_of_prometheus(client: httpx.Client, server: Server) -> None:
    post(client, server, temperature=1)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = [line for line in response.text.splitlines() if line and not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in lines)
    shown = {re.split(r"[ {]", line)[0] for line in lines}
    assert shown >= set(NAMES)


def test_requests_are_counted_by_method_route_and_status(client: httpx.Client, user: User, server: Server) -> None:
    def counted(**labels: str) -> float:
        return metric(client, "sentinela_http_requests_total", **labels)

    good = {"method": "GET", "route": "/servers/{server_ulid}", "status": "200"}
    bad = {**good, "status": "404"}
    before = counted(**good), counted(**bad)
    for _ in range(5):
        client.get(f"/servers/{server.ulid}", headers=user.headers)
        client.get("/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=user.headers)
    assert (counted(**good) - before[0], counted(**bad) - before[1]) == (5, 5)


def test_requests_of_every_process_are_counted_once(system: System, client: httpx.Client) -> None:
    labels = {"method": "GET", "route": "/livez", "status": "200"}
    before = metric(client, "sentinela_http_requests_total", **labels)
    for _ in range(20):
        with connect(system) as connection:
            connection.get("/livez")
    for _ in range(6):
        with connect(system) as connection:
            assert metric(connection, "sentinela_http_requests_total", **labels) - before == 20


def test_made_up_paths_do_not_grow_the_metrics(client: httpx.Client) -> None:
    def series() -> int:
        """Of requests alone: what tasks and watcher count for the first time has nothing to do with these."""
        return client.get("/metrics").text.count("\nsentinela_http_")

    client.get("/nowhere")
    series()
    before = series()
    for number in range(50):
        client.get(f"/nowhere/{number}")
    assert series() == before


@pytest.mark.parametrize(
    ("outcome", "reading"),
    [("accepted", {"temperature": 1}), ("duplicate", {"temperature": 1}), ("updated", {"temperature": 2})],
)
def test_readings_are_counted_by_what_became_of_them(
    client: httpx.Client, server: Server, outcome: str, reading: dict[str, float]
) -> None:
    instant = "2024-05-01T10:00:00Z"
    if outcome != "accepted":
        post(client, server, timestamp=instant, temperature=1)
    before = metric(client, "sentinela_readings_total", outcome=outcome)
    post(client, server, timestamp=instant, **reading)
    assert metric(client, "sentinela_readings_total", outcome=outcome) - before == 1


def test_a_rejected_reading_is_counted(client: httpx.Client, server: Server) -> None:
    before = metric(client, "sentinela_readings_total", outcome="rejected")
    client.post("/data", json={"server_ulid": server.ulid, "humidity": 101}, headers=server.headers)
    assert metric(client, "sentinela_readings_total", outcome="rejected") - before == 1


def test_commits_are_timed_and_nothing_waits_afterwards(client: httpx.Client, server: Server) -> None:
    before = metric(client, "sentinela_commit_seconds_count"), metric(client, "sentinela_batch_readings_sum")
    post(client, server, temperature=1)
    assert metric(client, "sentinela_commit_seconds_count") - before[0] == 1
    assert metric(client, "sentinela_batch_readings_sum") - before[1] == 1
    assert metric(client, "sentinela_backlog_readings") == 0


def answers(client: httpx.Client, user: User, **headers: str) -> list[httpx.Response]:
    """One of each kind of answer."""
    requests: list[Callable[[], httpx.Response]] = [
        lambda: client.get("/livez", headers=headers),
        lambda: client.get("/data", headers={**user.headers, **headers}),
        lambda: client.get("/data", headers=headers),
        lambda: client.get("/nowhere", headers=headers),
        lambda: client.delete("/data", headers=headers),
        lambda: client.post("/auth/login", json={}, headers=headers),
        lambda: client.get("/", headers=headers),
        lambda: client.get("/docs", headers=headers),
        lambda: client.get("/metrics", headers=headers),
    ]
    return [request() for request in requests]


def test_every_answer_carries_an_id_of_its_own(client: httpx.Client, user: User) -> None:
    ids = [answer.headers["X-Request-ID"] for answer in answers(client, user)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_the_id_of_a_request_comes_back(client: httpx.Client, user: User) -> None:
    for answer in answers(client, user, **{"X-Request-ID": "order-66_a.1"}):
        assert answer.headers["X-Request-ID"] == "order-66_a.1"
        if answer.status_code >= 400:
            assert assert_problem(answer, answer.status_code)["request_id"] == "order-66_a.1"


@pytest.mark.parametrize("given", ["", "x" * 5_000, "a b", "é", "<script>", '"', "a;b", "{}"])
def test_an_id_that_could_spoil_a_log_is_replaced(client: httpx.Client, given: str) -> None:
    response = client.get("/nowhere", headers={b"X-Request-ID": given.encode("latin-1")})
    own = assert_problem(response, 404)["request_id"]
    assert own != given
    assert re.fullmatch(r"[\w.-]{8,64}", own)


def test_queries_are_counted_by_outcome_and_by_what_the_cache_had(
    client: httpx.Client, user: User, server: Server
) -> None:
    post(client, server, timestamp="2024-05-01T10:00:00Z", temperature=1)
    closed = {"server_ulid": server.ulid, "start_time": "2024-05-01T00:00:00Z", "end_time": "2024-05-02T00:00:00Z"}

    def counted() -> dict[str, float]:
        names = ("answered", "not_modified", "refused")
        found = {name: metric(client, "sentinela_queries_total", outcome=name) for name in names}
        kinds = ("hit", "miss", "open")
        found |= {name: metric(client, "sentinela_query_cache_total", outcome=name) for name in kinds}
        return found | {"computed": metric(client, "sentinela_query_seconds_count")}

    before = counted()
    etag = [client.get("/data", params=closed, headers=user.headers) for _ in range(2)][1].headers["ETag"]
    client.get("/data", params=closed, headers={**user.headers, "If-None-Match": etag})
    client.get("/data", params={"server_ulid": server.ulid}, headers=user.headers)
    after = counted()
    grown = {name: after[name] - before[name] for name in after}
    assert grown == {
        "answered": 3, "not_modified": 1, "refused": 0, "hit": 1, "miss": 1, "open": 1, "computed": 2
    }  # fmt: skip
    assert metric(client, "sentinela_query_cost_seconds_count") >= 2


def test_connections_in_use_are_given_back(client: httpx.Client, user: User) -> None:
    client.get("/servers", headers=user.headers)
    assert metric(client, "sentinela_database_pool_connections") >= 10
    assert 1 <= metric(client, "sentinela_database_connections", state="open") <= 200
    deadline = time.monotonic() + 10
    while metric(client, "sentinela_database_connections", state="in_use") > 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_tasks_show_how_long_they_waited_and_took_and_when_they_last_succeeded(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while not metric(client, "sentinela_task_succeeded_timestamp_seconds", task="jobs.sweep"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert time.time() - metric(client, "sentinela_task_succeeded_timestamp_seconds", task="jobs.sweep") < 300
    for name in ("seconds", "wait_seconds"):
        assert metric(client, f"sentinela_task_{name}_count", task="jobs.sweep") >= 1
    assert metric(client, "sentinela_task_seconds_sum", task="jobs.sweep") < 600


def test_what_runs_is_told(client: httpx.Client) -> None:
    assert metric(client, "sentinela_build_info", version=__version__) == 1


def test_the_rights_are_read_all_the_time(client: httpx.Client) -> None:
    assert time.time() - metric(client, "sentinela_rights_read_timestamp_seconds", part="api") < 10
