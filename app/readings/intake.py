"""From a `POST /data` to stored readings and the answer that says what became of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from app.auth.principals import Principal
from app.core import metrics, tracing
from app.core.ahead import ahead
from app.core.errors import Problem, TooManyRequests, invalid
from app.presence.counting import Came, Counting
from app.readings import formats, receipts
from app.readings.answers import Answer, Tally, document
from app.readings.bodies import Body
from app.readings.bulk import Bulk, BulkTransaction, ReadyPart, ready_part
from app.readings.columns import Chunk
from app.readings.formats.assembling import MAX_ROWS
from app.readings.formats.compression import open_decompressed
from app.readings.ingest import GroupCommit
from app.readings.packing import pack_reading
from app.readings.quota import Quota
from app.readings.receipts import Claim
from app.readings.resolving import Resolver
from app.readings.rows import Rows, rows_of

# Decoding 64 KiB takes about 1 ms; a larger body would keep every other request waiting, so it goes to a thread.
DECODE_INLINE_BYTES = 64 * 1024
# Each holds its decoded parts, some 30 MB, until they are stored; the others wait with their bodies on disk.
LARGE_AT_ONCE = 4
# Telemetry opens to 10 to 50 times its size; what opens to more than this is a bomb.
MAX_EXPANSION = 200

# A small batch has a transaction of its own when so much of it is history; below, the shared one costs less.
HISTORY_ROWS = 1000
# Enough to see past blanks whether a JSON text is an array.
HEAD_BYTES = 64

_REJECTED = metrics.READINGS.labels("rejected")


Decode = Callable[[BinaryIO], Iterator[Chunk]]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a `POST /data` asks for."""

    body: Body
    media_type: str
    encoding: str | None
    max_bytes: int
    """What the body may open to."""
    options: formats.Options
    atomic: bool
    idempotency_key: str | None
    request_hash: bytes
    """Of all that makes it the same request: body, type, options; empty without a key."""
    portuguese: bool
    decode: Decode | None = None
    """How to read a body that is none of the formats; else its media type says."""
    name: Callable[[Chunk], Awaitable[Chunk]] | None = None
    """Puts ULIDs in the place of what the body calls servers by."""

    def opened(self) -> BinaryIO:
        """The body from its beginning, without its Content-Encoding."""
        self.body.file.seek(0)
        return open_decompressed(self.body.file, self.encoding, max_bytes=self.max_bytes, max_ratio=MAX_EXPANSION)

    def is_large(self) -> bool:
        """Whether decoding it would keep the event loop busy."""
        return self.body.size > DECODE_INLINE_BYTES or self.encoding is not None

    def is_batch(self) -> bool:
        """Whether a receipt is wanted: anything but a single JSON object."""
        return self.media_type != formats.JSON or formats.is_array(self.opened().read(HEAD_BYTES))


class Intake:
    """What `POST /data` works with in one process."""

    def __init__(self, resolver: Resolver, commits: GroupCommit, bulk: Bulk, quota: Quota, counting: Counting) -> None:
        self.resolver = resolver
        self.commits = commits
        self.bulk = bulk
        self.quota = quota
        self._counting = counting
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def store_one(self, submission: Submission, principal: Principal | None) -> Answer:
        """Store one reading; the answer shows its instant as it stands now.

        Raises: Invalid, NoSuchServer, OtherServersReading, TooManyRequests.
        """
        limits = await self.quota.take(principal, 1)
        try:
            parsed = await _parsed(submission)
            reading = await self.resolver.one(principal, parsed)
        except Problem:
            _REJECTED.inc()
            self._note_rejected(principal, 1)
            raise
        ulid = parsed.server_ulid.upper()
        if submission.idempotency_key is None:
            stored = await tracing.wait(self.commits.submit(reading))
            return Answer(document(ulid, reading._replace(values=stored.values)), limits)
        async with self._own_transaction(submission, principal) as (transaction, claim):
            if claim and claim.answer is not None:
                return _replayed(claim)
            merged = await transaction.store(rows_of([reading]), pack_reading(reading))
            now = merged.final.reading(0) if merged else reading
            return await _keep(transaction, claim, Answer(document(ulid, now), limits))

    async def store_batch(self, submission: Submission, principal: Principal | None) -> Answer:
        """Store the good readings of a batch in one transaction; the receipt names the bad ones.

        Raises: Invalid for a body that is none of its type, and with `atomic` for any bad reading.
        """
        async with self._large if submission.is_large() else nullcontext():
            return await self._store_batch(submission, principal)

    async def _store_batch(self, submission: Submission, principal: Principal | None) -> Answer:
        tally = Tally()
        async with aclosing(self._parts(submission, principal, tally)) as parts:
            if submission.idempotency_key is not None or submission.atomic:
                return await self._store_in_bulk(submission, principal, parts, tally)
            first, second = await anext(parts, None), await anext(parts, None)
            if second is None and (first is None or not self._is_history(first)):
                if first is not None and len(first):
                    tally.counts += await tracing.wait(self.commits.submit_rows(first))
                return Answer(tally.receipt(submission.portuguese), tally.limits)
            everything = _chain([part for part in (first, second) if part is not None], parts)
            return await self._store_in_bulk(submission, principal, everything, tally)

    def _is_history(self, rows: Rows) -> bool:
        """Whether rows would be written only to leave soon for segments."""
        return int(np.count_nonzero(rows.ts < self.bulk.first_hot())) >= HISTORY_ROWS

    async def _store_in_bulk(
        self, submission: Submission, principal: Principal | None, parts: AsyncIterator[Rows], tally: Tally
    ) -> Answer:
        async with self._own_transaction(submission, principal) as (transaction, claim):
            if claim and claim.answer is not None:
                return _replayed(claim)
            async with aclosing(ahead(_ready(parts, self.bulk.first_hot()))) as ready:
                async for part in ready:
                    if not (submission.atomic and tally.rejected_count):
                        await transaction.add(part)
            if submission.atomic and tally.rejected_count:
                raise invalid(tally.errors(), ("body",))
            tally.counts = await transaction.settle()
            return await _keep(transaction, claim, Answer(tally.receipt(submission.portuguese), tally.limits))

    @asynccontextmanager
    async def _own_transaction(
        self, submission: Submission, principal: Principal | None
    ) -> AsyncIterator[tuple[BulkTransaction, Claim | None]]:
        """A transaction, and the receipt claimed in it; who sends no credential has no workspace for one."""
        if principal is None and submission.idempotency_key is not None:
            raise receipts.bad_key(
                "belongs to a workspace: send a credential with it", "idempotency_key_without_credential"
            )
        async with self.bulk.transaction() as transaction:
            claim = None
            if principal is not None:
                key, request = submission.idempotency_key, submission.request_hash
                claim = await receipts.claim(transaction.connection, principal.workspace_id, key, request)
            yield transaction, claim

    async def _parts(self, submission: Submission, principal: Principal | None, tally: Tally) -> AsyncGenerator[Rows]:
        """The good readings, part by part; the others are noted in the tally."""
        known = await self.resolver.registry.known(principal.workspace_id) if principal else ()
        async with aclosing(_chunks(submission, known)) as chunks:
            async for chunk in chunks:
                await self._count(principal, len(chunk.columns) + len(chunk.faults), tally)
                tally.refuse(list(chunk.faults))
                self._note_rejected(principal, len(chunk.faults))
                if len(chunk.columns):
                    resolved = await self.resolver.many(principal, chunk.columns, submission.portuguese)
                    tally.refuse(resolved.faults)
                    self._note_rejected(principal, len(resolved.faults))
                    yield resolved.rows

    def _note_rejected(self, principal: Principal | None, count: int) -> None:
        """Count for the device whose key was sent; of a bad reading with another credential nobody knows whose."""
        if principal and principal.server_id is not None and count:
            self._counting.add([(principal.server_id, Came(rejected=count))])

    async def _count(self, principal: Principal | None, amount: int, tally: Tally) -> None:
        """Take a part's readings from the quota. Its first part admits a request; the others are counted as far as
        the quota goes, for a request that was cut off in its middle would fail again and again.
        """
        try:
            tally.limits = await self.quota.take(principal, amount)
        except TooManyRequests:
            if not tally.begun:
                raise
        tally.begun = True


async def _parsed(submission: Submission) -> Any:
    def parse() -> Any:
        return formats.parse_one(submission.opened().read())

    return await asyncio.to_thread(parse) if submission.is_large() else parse()


async def _chunks(submission: Submission, known: Collection[str]) -> AsyncGenerator[Chunk]:
    """The decoded body, its servers named by ULIDs."""
    body = submission.opened()
    if submission.decode:
        chunks = submission.decode(body)
    else:
        chunks = formats.decode(body, submission.media_type, submission.options, known)
    large = submission.is_large()
    while (chunk := await asyncio.to_thread(next, chunks, None) if large else next(chunks, None)) is not None:
        yield await submission.name(chunk) if submission.name else chunk
        # A small body with so many readings says the same again and again: Parquet and Arrow write that in a few bytes.
        large = large or len(chunk.columns) + len(chunk.faults) == MAX_ROWS


async def _ready(parts: AsyncIterator[Rows], first_hot: int) -> AsyncGenerator[ReadyPart]:
    async for rows in parts:
        if len(rows):
            yield await asyncio.to_thread(ready_part, rows, first_hot)


async def _chain(first: list[Rows], rest: AsyncIterator[Rows]) -> AsyncIterator[Rows]:
    for rows in first:
        yield rows
    async for rows in rest:
        yield rows


async def _keep(transaction: BulkTransaction, claim: Claim | None, answer: Answer) -> Answer:
    if claim is None:
        return answer
    await receipts.keep(transaction.connection, claim, answer.text.decode())
    return replace(answer, receipt_ulid=claim.receipt_ulid)


def _replayed(claim: Claim) -> Answer:
    return Answer((claim.answer or "").encode(), receipt_ulid=claim.receipt_ulid, replayed=True)
