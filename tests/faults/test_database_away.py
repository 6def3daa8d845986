"""PostgreSQL is dead or hangs: every request is told so as a problem, none is a 500, and all comes back by itself."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from tests.conftest import Server
from tests.contract.calls import stamp
from tests.contract.problems import assert_problem
from tests.faults import processes
from tests.faults.processes import POSTGRES, until
from tests.system import System

Away = Callable[[], AbstractContextManager[None]]

# A connection that does not come about is given up after 5 s, and ingest tries once more; then twice that, for the
# test machine is slow and busy.
ANSWER_SECONDS = 20.0


class Request(NamedTuple):
    """A request that needs the database."""

    method: str
    path: str
    options: dict[str, Any]

    def send(self, client: httpx.Client) -> httpx.Response:
        return client.request(self.method, self.path, **self.options)


def requests(server: Server) -> list[Request]:
    """One of each kind; the instants are long past, so that the query cache is asked, too.

    The workspace's cache is not among them: of a key that was used within the last second it needs Redis alone.
    """
    reading = {"server_ulid": server.ulid, "timestamp": stamp(), "temperature": 20.0}
    person = {"username": f"late-{server.name}", "password": "correct horse battery"}
    file = f"server_ulid,timestamp,temperature\n{server.ulid},{stamp()},20\n"
    return [
        Request("GET", "/readyz", {}),
        Request("POST", "/data", {"json": reading}),
        Request("POST", "/data", {"json": [reading, reading]}),
        Request("GET", "/data", {"params": {"server_ulid": server.ulid}}),
        Request("GET", "/data", {"params": {"end_time": stamp(hours=1)}}),
        Request("GET", "/data", {"params": {"aggregation": "hour", "end_time": stamp(hours=1)}}),
        Request("GET", "/health/all", {}),
        Request("GET", f"/health/{server.ulid}", {}),
        Request("GET", "/servers", {}),
        Request("POST", "/servers", {"json": {"server_name": f"late-{server.name}"}}),
        Request("PATCH", f"/servers/{server.ulid}", {"json": {"offline_after_seconds": 30}}),
        Request("POST", "/auth/register", {"json": person}),
        Request("POST", "/auth/login", {"json": person}),
        Request("GET", "/users", {}),
        Request("GET", "/keys", {}),
        Request("POST", "/imports", {"content": file, "headers": {"Content-Type": "text/csv"}}),
    ]


def backends(postmaster: psutil.Process) -> list[psutil.Process]:
    """PostgreSQL's processes that serve the application, by the title they give themselves: user and database."""
    titles = {child: " ".join(processes.words(child)) for child in processes.below(postmaster)}
    return [child for child, title in titles.items() if "sentinela sentinela" in title]


@contextmanager
def cut_off(own: System) -> Iterator[None]:
    """The postmaster hangs and no connection is left: new ones are taken by the kernel and never answered."""
    postmaster = processes.get(own, POSTGRES)
    with processes.frozen(postmaster):
        for backend in backends(postmaster):
            backend.terminate()
        yield


@contextmanager
def hung(own: System) -> Iterator[None]:
    """All of PostgreSQL hangs, as on a disk that does not answer: statements are sent and nothing comes back."""
    postmaster = processes.get(own, POSTGRES)
    with processes.frozen(postmaster, *processes.below(postmaster)):
        yield


@pytest.fixture(params=["is dead", "takes no connection"])
def away(own: System, request: pytest.FixtureRequest) -> Away:
    """PostgreSQL away for the time of a `with` block."""
    if request.param == "is dead":
        configuration = own.data_dir / "postgres" / "data" / "postgresql.conf"
        return lambda: processes.dead(own, POSTGRES, configuration)
    return lambda: cut_off(own)


def test_every_request_is_answered_503_and_works_again_afterwards(
    own: System, admin: httpx.Client, server: Server, away: Away, works: Callable[[], bool]
) -> None:
    asked = requests(server)
    with away(), ThreadPoolExecutor(len(asked)) as crowd:
        begun = time.monotonic()
        for answer in crowd.map(lambda request: request.send(admin), asked):
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
        assert time.monotonic() - begun < ANSWER_SECONDS
        # The process is well; an orchestrator that killed it now would mend nothing.
        assert admin.get("/livez").status_code == 200
    until(works, own)
    assert_all_work(admin, asked)


def assert_all_work(admin: httpx.Client, asked: list[Request]) -> None:
    for request in asked:
        answer = request.send(admin)
        assert answer.status_code in (200, 201, 202), f"{request}: {answer.status_code} {answer.text}"


def test_readings_posted_through_an_outage_are_stored_once(
    own: System, admin: httpx.Client, server: Server, away: Away
) -> None:
    """Posts before, at, in and after the outage, each repeated until it is acknowledged."""

    def insist(number: int) -> None:
        body = {"server_ulid": server.ulid, "timestamp": stamp(seconds=number), "temperature": float(number)}
        until(lambda: admin.post("/data", json=body).status_code == 201, own)

    with ThreadPoolExecutor(8) as crowd:
        posts = [crowd.submit(insist, number) for number in range(100)]
        posts[10].result()
        with away():
            posts += [crowd.submit(insist, number) for number in range(100, 120)]
            time.sleep(1)
            assert not posts[-1].done()
        for post in posts:
            post.result()
    rows = admin.get("/data", params={"server_ulid": server.ulid}).raise_for_status().json()
    assert [row["temperature"] for row in rows] == [float(number) for number in range(120)]


def test_requests_wait_out_a_short_hang_of_the_whole_database(own: System, admin: httpx.Client, server: Server) -> None:
    asked = requests(server)
    with ThreadPoolExecutor(len(asked)) as crowd:
        with hung(own):
            # A person who logs in must exist before: of the two requests either may come first.
            answers = [crowd.submit(request.send, admin) for request in asked if request.path != "/auth/login"]
            time.sleep(2)
            assert admin.get("/livez").status_code == 200
            assert not any(answer.done() for answer in answers)
        for answer in answers:
            assert answer.result().status_code in (200, 201, 202, 404), answer.result().text
