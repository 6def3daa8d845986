"""The tables of a buffer."""

import sqlite3
from pathlib import Path

from sentinela_client.errors import BufferUnusable

# "Snt1": tells our files from other programs' SQLite.
APPLICATION_ID = 0x536E7431
VERSION = 1
# AUTOINCREMENT: a number is never given twice, so what stands for some readings never stands for others.
_TABLES = """
CREATE TABLE about (buffer_id TEXT NOT NULL);
CREATE TABLE waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL);
CREATE TABLE refused (
  number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL, reason TEXT NOT NULL, refused_at TEXT NOT NULL
);
"""
# A log that one large `add_many` has made long is cut again.
_LOG_BYTES = 4 * 1024 * 1024


def prepare(connection: sqlite3.Connection, path: Path, buffer_id: str) -> None:
    """Take the lock that lasts, and make the tables of a new file. Raises: BufferUnusable, sqlite3.Error."""
    # Before the first look at the file: then it needs no shared memory, and the lock is held from here to the end.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    _require_ours(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    connection.execute("BEGIN EXCLUSIVE")
    if _number(connection, "user_version") == 0:
        for statement in _TABLES.split(";")[:-1]:
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES (?)", (buffer_id,))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def buffer_id(connection: sqlite3.Connection) -> str:
    """What tells this buffer's requests from others'."""
    found: str = connection.execute("SELECT buffer_id FROM about").fetchone()[0]
    return found


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and _number(connection, "application_id") != APPLICATION_ID:
        raise BufferUnusable(f"{path} is another program's")
    if _number(connection, "user_version") > VERSION:
        raise BufferUnusable(f"{path} was written by a newer sentinela-client")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    found: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return found
