"""Work in a process of its own: what it tells, how it fails, and that it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from app.core.apart import Apart, Work, asking
from app.core.apart.process import NICENESS
from app.core.errors import Problem, Unavailable
from app.core.settings import Settings
from tests.core.works import Counting, Describing, Failing, Lingering
from tests.system import System

WITHIN = 30.0
# A parent that has work done until it is killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from app.core.apart import Apart
from app.core.settings import Settings
from tests.core.works import Lingering

async def main():
    async for part in Apart(Settings()).run(Lingering(Path(sys.argv[1]), in_thread=True)):
        print(part.decode(), flush=True)

asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module")
async def apart(system: System) -> AsyncIterator[Apart]:
    opened = Apart(Settings(database_url=system.database_url, data_dir=system.data_dir))
    yield opened
    await opened.close()


async def told(apart: Apart, work: Work) -> bytes:
    return b"".join([part async for part in apart.run(work)])


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What nobody has waited for yet is dead all the same.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_all_parts_come_in_their_order(apart: Apart) -> None:
    assert await told(apart, Counting(0)) == b""
    assert await told(apart, Counting(1000)) == b"".join(b"%d," % number for number in range(1000))
    large = await told(apart, Counting(3, 5_000_000))
    assert large == b"".join(b"%d," % number + b"x" * 5_000_000 for number in range(3))


async def test_it_is_another_process_with_a_lower_priority_that_knows_the_request(apart: Apart) -> None:
    with structlog.contextvars.bound_contextvars(request_id="that-one"):
        pid, niceness, request, _ = (await told(apart, Describing())).decode().split()
    assert int(pid) != os.getpid()
    assert int(niceness) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    assert (await told(apart, Describing())).startswith(f"{pid} ".encode()), "one process for all"
    assert request == "that-one"


async def test_several_pieces_of_work_go_on_at_once(apart: Apart, tmp_path: Path) -> None:
    async with aclosing(apart.run(Lingering(tmp_path / "first"))) as first:
        await anext(first)
        assert await told(apart, Counting(2)) == b"0,1,"


async def test_what_the_work_raises_is_raised_here(apart: Apart) -> None:
    with pytest.raises(Problem) as raised:
        await told(apart, Failing("problem"))
    assert (str(raised.value), raised.value.params) == ("No tea.", {"thing": "tea"})
    assert "tests/core/works.py" in raised.value.__notes__[0], "and where"
    with pytest.raises(RuntimeError, match="Unspeakable: what"):
        await told(apart, Failing("unspeakable"))


async def test_a_process_that_dies_is_told_and_replaced(apart: Apart) -> None:
    with pytest.raises(Unavailable):
        await told(apart, Failing("die"))
    assert await told(apart, Counting(1)) == b"0,"


async def test_where_none_can_be_started_the_question_is_told_to_come_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = Apart(Settings(database_url=system.database_url, data_dir=system.data_dir))
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere")
        with pytest.raises(Unavailable):
            await told(apart, Counting(1))
    assert await told(apart, Counting(1)) == b"0,"
    await apart.close()


async def test_whoever_leaves_ends_the_work(apart: Apart, tmp_path: Path) -> None:
    file = tmp_path / "said"
    async with aclosing(apart.run(Lingering(file))) as parts:
        await anext(parts)
    await until(file.exists)
    assert await told(apart, Counting(1)) == b"0,", "but not the process"


async def test_it_goes_when_there_was_nothing_to_do_for_long(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "IDLE_SECONDS", 0.1)
    first = int((await told(apart, Describing())).split()[0])
    await until(lambda: not lives(first))
    assert int((await told(apart, Describing())).split()[0]) != first


async def test_it_stays_while_it_works(apart: Apart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(asking, "IDLE_SECONDS", 0.1)
    async with aclosing(apart.run(Lingering(tmp_path / "first"))) as parts:
        pid = int(await anext(parts))
        await told(apart, Counting(1))
        await asyncio.sleep(0.5)
        assert lives(pid)


async def test_it_ends_with_the_one_it_works_for(system: System, tmp_path: Path) -> None:
    """At once, in the middle of its work, and by nothing but that: a service manager's signals do not end it."""
    environment = os.environ | {"DATABASE_URL": system.database_url, "DATA_DIR": str(system.data_dir)}
    command = [sys.executable, "-c", PARENT, str(tmp_path / "said")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        await asyncio.sleep(0.3)
        assert lives(pid)
        parent.kill()
    await until(lambda: not lives(pid))
