"""Bulk writing: a connection that heals, and binary COPY."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg

from app.core import db
from app.core.db import Database

Connection = psycopg.AsyncConnection[Any]


class WriterConnection:
    """One connection outside the pool, in the writer's role, opened anew after it broke."""

    def __init__(self, database: Database, prepare: LiteralString = "") -> None:
        """`prepare` runs once on every new connection, for its temporary tables."""
        self._database = database
        self._prepare = prepare
        self._connection: Connection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction; a connection that breaks in it is thrown away."""
        connection = await self._open()
        try:
            async with db.transaction(connection):
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


async def copy_rows(
    connection: Connection, statement: LiteralString, types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Run a `COPY … FROM STDIN (FORMAT BINARY)` with these rows."""
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)
