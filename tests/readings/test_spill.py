"""What waits for a slow client comes out as it went in, and takes no more disk than it may."""

import asyncio
import os
import random
import time

import pytest

from app.readings import spill
from app.readings.spill import Spill

MAX_FILE = 4096


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "MAX_MEMORY", 100)
    monkeypatch.setattr(spill, "MAX_FILE", MAX_FILE)
    monkeypatch.setattr(spill, "_READ", 500)
    monkeypatch.setattr(spill, "PATIENCE_SECONDS", 0.0)


async def through(written: list[bytes], pause: int) -> tuple[bytes, int]:
    """What a reader gets who lets the writer go ahead before each part, and the most that lay on disk."""
    queue, got, most = Spill(), b"", 0

    async def write() -> None:
        for part in written:
            await queue.put(part)
        queue.end()

    writing = asyncio.create_task(write())
    async for part in queue.read():
        got += part
        if queue._file is not None:
            most = max(most, os.fstat(queue._file.fileno()).st_size)
        for _ in range(pause):
            await asyncio.sleep(0)
    await writing
    queue.close()
    return got, most


@pytest.mark.parametrize("pause", [0, 3, 50])
async def test_a_long_answer_takes_no_more_disk_than_a_full_file(pause: int) -> None:
    chance = random.Random(pause)
    written = [chance.randbytes(chance.choice((1, 99, 500, 3000, 9000))) for _ in range(60)]
    got, most = await through(written, pause)
    assert got == b"".join(written)
    assert 0 < most <= MAX_FILE


async def test_a_disk_that_takes_less_than_it_is_given_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, place: whole(file, data[:7], place))
    written = [bytes([number]) * 200 for number in range(20)]
    assert (await through(written, 1))[0] == b"".join(written)


async def test_a_failure_comes_behind_what_was_written_before_it() -> None:
    queue = Spill()
    await queue.put(b"x" * 1000)
    queue.end(RuntimeError("the database went away"))
    parts = queue.read()
    assert await anext(parts) + await anext(parts) == b"x" * 1000
    with pytest.raises(RuntimeError, match="went away"):
        await anext(parts)
    queue.close()


async def test_a_client_that_reads_is_waited_for_and_the_disk_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "PATIENCE_SECONDS", 30.0)
    written = [bytes([number]) * 90 for number in range(100)]
    assert await through(written, 3) == (b"".join(written), 0)


async def test_a_client_that_does_not_read_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "PATIENCE_SECONDS", 0.2)
    queue, begun = Spill(), time.monotonic()
    for number in range(20):
        await asyncio.wait_for(queue.put(bytes([number]) * 90), 5)
    assert 0.2 <= time.monotonic() - begun < 1.0
    queue.end()
    assert b"".join([part async for part in queue.read()]) == b"".join(bytes([number]) * 90 for number in range(20))
    queue.close()


async def test_nobody_waits_for_a_client_that_is_given_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "PATIENCE_SECONDS", 30.0)
    queue = Spill()
    queue.hold()
    for _ in range(3):
        await asyncio.wait_for(queue.put(b"x" * 90), 5)
    queue.end()
    assert b"".join([part async for part in queue.read()]) == b"x" * 270
    queue.close()


async def test_what_is_held_back_gives_its_failure_alone() -> None:
    queue = Spill()
    queue.hold()
    await queue.put(b"x")
    queue.end(RuntimeError("too many values"))
    with pytest.raises(RuntimeError, match="too many"):
        await anext(queue.read())
    queue.close()
