"""Retention: readings older than their server, or else its workspace, keeps them go, by whole hours (S6)."""

import structlog

from app.core.copy import WriterConnection
from app.core.db import Database
from app.readings.deleting import Span, delete_readings
from app.readings.forms import forms
from app.readings.segments import start_of

log = structlog.get_logger()


async def drop_expired(database: Database) -> int:
    """Delete what is older than it is kept; returns how many readings."""
    writer = WriterConnection(database)
    dropped = 0
    try:
        async with writer.statement() as connection:
            expired = await (await connection.execute(forms(connection).expired)).fetchall()
        for server_id, hour in expired:
            gone = await delete_readings(writer, server_id, Span(end=start_of(hour)))
            log.info("readings_expired", server_id=server_id, readings=gone)
            dropped += gone
    finally:
        await writer.close()
    return dropped
