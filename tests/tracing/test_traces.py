"""A request's trace, from HTTP over ingest or query to SQL and Celery, as a collector gets it."""

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.contract.test_logs import some
from tests.system import System, clean_environment, free_port, scratch_folder
from tests.tracing import collector as collecting
from tests.tracing.collector import Collector, Span

NAMED = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    yield from collecting.running()


@pytest.fixture(scope="module")
def traced(collector: Collector) -> Iterator[System]:
    """A system that exports every half second."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "500"}
    running = System(scratch_folder(), **environment)
    try:
        yield running.start()
        assert running.leaks() == []
    finally:
        running.close()


class Device:
    """Who sends, reads, and exports; each request in a trace of its own."""

    def __init__(self, system: System) -> None:
        self.client = httpx.Client(base_url=system.url, timeout=30, trust_env=False)
        self.admin = {"Authorization": f"Bearer {system.admin_key}"}
        made = self.client.post("/servers", json={"server_name": secrets.token_hex(6)}, headers=self.admin).json()
        self.ulid, self.key = made["server_ulid"], made["device_key"]
        self.sender = {"Authorization": f"Bearer {self.key}"}

    def store(self, **headers: str) -> httpx.Response:
        body = {"server_ulid": self.ulid, "temperature": 21.5}
        return self.client.post("/data", json=body, headers=self.sender | headers)


@pytest.fixture(scope="module")
def device(traced: System) -> Iterator[Device]:
    found = Device(traced)
    assert found.store().status_code == 201, "the caches know it from now on"
    yield found
    found.client.close()


def new_trace() -> tuple[str, dict[str, str]]:
    trace_id = secrets.token_hex(16)
    return trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


def named(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def has(*names: str) -> "collecting.Callable[[list[Span]], bool]":
    return lambda spans: {span.name for span in spans} >= set(names)


def test_a_reading_leads_from_http_to_its_commit_and_sql(collector: Collector, device: Device) -> None:
    trace_id, headers = new_trace()
    answer = device.store(**headers)
    assert answer.status_code == 201
    spans = collector.trace(trace_id, has("POST /data", "group commit", "COPY"))
    request, commit, copy = (named(spans, name) for name in ("POST /data", "group commit", "COPY"))
    assert (request.kind, request.service) == (SERVER, "sentinela-api")
    assert request.attributes["http.route"] == "/data"
    assert request.attributes["http.response.status_code"] == 201
    assert request.attributes["request_id"] == answer.headers["X-Request-ID"]
    assert (commit.parent, copy.parent) == (request.id, commit.id)
    assert copy.attributes["db.query.text"].startswith("COPY reading")


def test_requests_that_share_a_commit_are_linked(collector: Collector, device: Device) -> None:
    def send(_: int) -> str:
        trace_id, headers = new_trace()
        assert device.store(**headers).status_code == 201
        return trace_id

    with ThreadPoolExecutor(16) as pool:
        traces = set(pool.map(send, range(64)))

    def told(span: Span) -> set[str]:
        return {span.trace, *span.links} if span.name == "group commit" else set()

    deadline = time.monotonic() + collecting.PATIENCE_SECONDS
    while not traces <= set().union(*map(told, list(collector.spans))):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_reading_outside_of_any_trace_takes_the_bare_path(collector: Collector, device: Device) -> None:
    def all_that_came() -> int:
        """Spans come in their order: behind that of one more request no earlier one is missing."""
        trace_id, headers = new_trace()
        device.store(**headers)
        collector.trace(trace_id, has("POST /data"))
        return len([span for span in collector.spans if span.name == "POST /data"])

    before = all_that_came()
    assert [device.store().status_code for _ in range(20)] == [201] * 20
    assert all_that_came() - before <= 2


def test_a_query_leads_to_its_sql_without_values(collector: Collector, device: Device) -> None:
    trace_id, headers = new_trace()
    wish = {"server_ulid": device.ulid, "aggregation": "minute"}
    assert device.client.get("/data", params=wish, headers=device.admin | headers).status_code == 200

    def statements_of(spans: list[Span]) -> list[str]:
        return [span.attributes["db.query.text"] for span in spans if span.kind == CLIENT]

    def is_complete(found: list[Span]) -> bool:
        return has("GET /data")(found) and any("FROM reading" in text for text in statements_of(found))

    spans = collector.trace(trace_id, is_complete)
    request, statements = named(spans, "GET /data"), statements_of(spans)
    known = {span.id: span for span in spans}
    for span in spans:
        while span.parent in known:
            span = known[span.parent]
        assert span == request, "everything stands below the request"
    assert device.ulid not in json.dumps(statements)


def test_a_job_goes_on_in_the_worker(collector: Collector, device: Device) -> None:
    trace_id, headers = new_trace()
    job = device.client.post("/exports", json={"server_ulid": [device.ulid]}, headers=device.admin | headers)
    assert job.status_code == 202, job.text
    spans = collector.trace(trace_id, has("POST /exports", "send jobs.run_export", "run/jobs.run_export"))
    request, sent, run = (
        named(spans, name) for name in ("POST /exports", "send jobs.run_export", "run/jobs.run_export")
    )
    assert (sent.kind, sent.parent) == (PRODUCER, request.id)
    assert (run.kind, run.service, run.parent) == (CONSUMER, "sentinela-worker", sent.id)
    assert any(span.kind == CLIENT and span.parent == run.id for span in spans), "the task's SQL"


def test_log_lines_name_their_trace(collector: Collector, traced: System, device: Device) -> None:
    trace_id, headers = new_trace()
    device.client.get("/servers", headers=device.admin | headers)
    (line,) = some(traced.output, event="request", trace_id=trace_id)
    assert line["route"] == "/servers"


def test_nobody_s_sql_is_no_trace_and_probes_are_none(collector: Collector, device: Device) -> None:
    device.client.get("/readyz")
    device.client.get("/metrics")
    time.sleep(2)
    lone = [span for span in collector.spans if not span.parent]
    assert [span for span in lone if span.kind == CLIENT] == []
    assert not {"GET /readyz", "GET /metrics"} & {span.name for span in collector.spans}
    assert len([span for span in lone if span.name == "group commit"]) <= 60, "at most one a second"


def test_a_collector_that_is_away_holds_up_no_stop() -> None:
    script = """
import time
from app.core import tracing
tracing.export("alone")
with tracing.sending("nothing", "default"):
    pass
started = time.monotonic()
tracing.flush()
print(tracing.ON, time.monotonic() - started)
"""
    nobody = clean_environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}", DATA_DIR=tempfile.mkdtemp()
    )
    command = [sys.executable, "-c", script]
    started = time.monotonic()
    done = subprocess.run(command, env=nobody, capture_output=True, text=True, check=True, timeout=60)
    on, flushed = done.stdout.split()
    assert on == "True"
    assert float(flushed) < 5
    assert time.monotonic() - started < 50, "nor does its exit"


def test_traces_are_off_unless_a_collector_is_named() -> None:
    script = """
import sys
import app.core.copy, app.core.middleware
from app.core import tracing
loaded = [name for name in sys.modules if name.startswith(("opentelemetry.exporter", "opentelemetry.instrumentation"))]
print(tracing.ON, len(loaded) + ("app.core.spans" in sys.modules))
"""
    for variables in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {"OTEL_SDK_DISABLED": "true", **NAMED}):
        quiet = clean_environment(
            DATA_DIR=tempfile.mkdtemp(), DATABASE_URL="postgresql://u:p@127.0.0.1:1/d", **variables
        )
        done = subprocess.run([sys.executable, "-c", script], env=quiet, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["False", "0"], variables


def test_no_secret_leaves_with_a_span(collector: Collector, traced: System, device: Device) -> None:
    trace_id, headers = new_trace()
    device.client.get("/data", params={"token": device.key}, headers=device.admin | headers)
    collector.trace(trace_id, has("GET /data"))
    everything = b"".join(collector.bodies)
    for secret in (device.key, traced.admin_key, traced.database_url.split(":")[2].split("@")[0]):
        assert secret.encode() not in everything
