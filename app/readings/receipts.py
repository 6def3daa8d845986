"""Receipts: what an ingest request did, kept with its data, and given again for the same Idempotency-Key."""

from dataclasses import dataclass

from app.core.copy import Connection
from app.core.db import Database, ReadSession
from app.core.errors import Invalid, invalid_field
from app.core.identifiers import new_ulid
from app.core.slices import delete_older
from app.readings import queries
from app.readings.errors import NoSuchReceipt

MAX_KEY = 255
"""Characters of an Idempotency-Key."""


IDEMPOTENCY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Claim:
    """A receipt to be written by the transaction that claimed it; with an `answer` it was written before."""

    workspace_id: int
    receipt_ulid: str
    answer: str | None


def bad_key(message: str, kind: str) -> Invalid:
    """What is wrong with the request's key."""
    return invalid_field(("header", IDEMPOTENCY_HEADER), f"This key {message}", kind, limit=MAX_KEY)


async def claim(connection: Connection, workspace_id: int, key: str | None, request_hash: bytes) -> Claim:
    """A new receipt in the caller's transaction, or the one that this key got within the last day.

    A second request with the same key waits here until the first has ended. Raises: Invalid for another request.
    """
    parameters = (workspace_id, new_ulid(), key, request_hash)
    row = await (await connection.execute(queries.CLAIM_RECEIPT, parameters)).fetchone()
    if row is not None:
        return Claim(workspace_id, row[0], None)
    known = await (await connection.execute(queries.SELECT_RECEIPT_BY_KEY, (workspace_id, key))).fetchone()
    if known is None or known[1] != request_hash:
        raise bad_key("came with another request before; use a new one for other readings", "idempotency_key_reused")
    return Claim(workspace_id, known[0], known[2])


async def keep(connection: Connection, claimed: Claim, answer: str) -> None:
    """Write the answer within the transaction of the data that it tells of."""
    await connection.execute(queries.ANSWER_RECEIPT, (answer, claimed.workspace_id, claimed.receipt_ulid))


async def get(session: ReadSession, workspace_id: int, receipt_ulid: str) -> str:
    """The answer that the request got, as JSON text. Raises: NoSuchReceipt."""
    answer: str | None = await session.scalar(queries.receipt_answer(workspace_id, receipt_ulid))
    if answer is None:
        raise NoSuchReceipt(receipt_ulid)
    return answer


async def purge(database: Database, slice_size: int = 1000) -> int:
    """Delete receipts older than a day, in slices; returns how many."""
    return await delete_older(database, queries.DELETE_OLD_RECEIPTS, 1, slice_size)
