"""Work that tests have done in a process apart; classes of a module, so that both sides know them."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import text

from app.core.db import Database
from app.core.errors import Problem
from app.readings.aggregates.ranks import TooManyValues


class Unspeakable(Exception):
    """Does not survive being pickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


@dataclass(frozen=True)
class Counting:
    """Numbers, one a part, the last ones as large as asked for."""

    parts_: int
    size: int = 0

    async def parts(self, _: Database) -> AsyncGenerator[bytes]:
        for number in range(self.parts_):
            yield b"%d," % number + b"x" * self.size


@dataclass(frozen=True)
class Describing:
    """The process that works: pid, niceness, the request, and whom it is at the database."""

    async def parts(self, database: Database) -> AsyncGenerator[bytes]:
        async with database.read(1) as session:
            name = await session.scalar(text("SELECT current_user"))
        request = structlog.contextvars.get_contextvars().get("request_id")
        yield f"{os.getpid()} {os.getpriority(os.PRIO_PROCESS, 0)} {request} {name}".encode()


@dataclass(frozen=True)
class Failing:
    """Tells something, then fails."""

    kind: str

    async def parts(self, _: Database) -> AsyncGenerator[bytes]:
        yield b"begun"
        if self.kind == "problem":
            raise Problem("No {thing}.", thing="tea")
        if self.kind == "values":
            raise TooManyValues
        if self.kind == "unspeakable":
            raise Unspeakable("what", "cannot be said")
        os._exit(1)


@dataclass(frozen=True)
class Lingering:
    """Tells something, then goes on until it is ended, which it writes into a file."""

    file: Path
    in_thread: bool = False

    async def parts(self, _: Database) -> AsyncGenerator[bytes]:
        yield b"%d" % os.getpid()
        try:
            await (asyncio.to_thread(time.sleep, 60) if self.in_thread else asyncio.sleep(60))
        finally:
            self.file.write_text("ended")
