"""Bulk traffic with PostgreSQL: a connection that heals, and binary COPY both ways."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg

from app.core import db, tracing
from app.core.db import Database

Connection = psycopg.AsyncConnection[Any]

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)


class WriterConnection:
    """One connection outside the pool, in the writer's role, opened anew after it broke."""

    def __init__(self, database: Database, prepare: LiteralString = "") -> None:
        """`prepare` runs once on every new connection, for its settings and temporary tables."""
        self._database = database
        self._prepare = prepare
        self._connection: Connection | None = None

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncIterator[Connection]:
        """A transaction; a connection that breaks in it is thrown away.

        Unless it is `durable` its commit does not wait for the disk: a crash of the machine may take it back, as a
        whole and never without those behind it.
        """
        async with self.statement() as connection, db.transaction(connection):
            if not durable:
                await connection.execute("SET LOCAL synchronous_commit = off")
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """The connection for a single statement, which is a transaction of its own: two round trips less."""
        connection = await self._open()
        try:
            yield connection
        except psycopg.OperationalError:
            await self.close()
            raise

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = await self._database.connect()
            if self._prepare:
                await connection.execute(self._prepare)
            self._connection = connection
        return self._connection


async def copy_in(connection: Connection, statement: LiteralString, rows: bytes) -> None:
    """Run a `COPY … FROM STDIN (FORMAT BINARY)` with these rows, packed in its format."""
    with tracing.sql(statement):
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(b"".join((HEADER, rows, TRAILER)))


async def copy_out(connection: Connection, statement: LiteralString) -> bytes:
    """The rows of a `COPY … TO STDOUT (FORMAT BINARY)`, without its header and trailer."""
    with tracing.sql(statement):
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            answer = b"".join([bytes(piece) async for piece in copy])
    return answer[len(HEADER) : -len(TRAILER)]
