"""Pieces of an answer as bytes: all of them, or a page and where the next one begins."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from app.core.db import Database
from app.readings import asking
from app.readings.asking import Asked
from app.readings.engine import answer, outline
from app.readings.engine.loading import in_thread
from app.readings.engine.question import Piece, Question, join
from app.readings.questions import DataQuery
from app.readings.writers import FORMATS, Shape, Writer


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a query, to be written bit by bit, in whatever process."""

    workspace_id: int
    asked: Asked
    query: DataQuery
    form: str

    async def parts(self, database: Database) -> AsyncGenerator[bytes]:
        """Its bytes, from one snapshot; of a page in front of them the next one's cursor, in a line of its own.

        Raises: TooManyValues.
        """
        question = self.asked.question
        async with database.snapshot(self.workspace_id) as connection:
            seen = await outline.overview(connection, question)
            async with aclosing(answer.pieces(connection, question, seen)) as pieces:
                if self.query.limit is not None:
                    body, cursor = await whole(pieces, self.asked, self.query, self.form)
                    yield b"%s\n%s" % (cursor.encode(), body)
                    return
                writing = writer(question, self.form)
                async for piece in pieces:
                    yield await in_thread(lambda piece=piece: writing.write(piece))  # type: ignore[misc]
                yield writing.end()


def writer(question: Question, form: str) -> Writer:
    """Whoever writes the answer in this form."""
    shape = Shape(
        answer.columns(question),
        question.label_key,
        question.labels,
        nulls=question.fill != "none",
        computed=bool(question.functions),
    )
    return FORMATS[form][1](shape)


async def whole(pieces: AsyncGenerator[Piece], asked: Asked, query: DataQuery, form: str) -> tuple[bytes, str]:
    """All rows, or those of the page that was asked for, and the cursor of the next one, "" for none."""
    if query.limit is not None:
        return await _page(pieces, asked, query, query.limit, form)
    writing = writer(asked.question, form)
    parts = [writing.write(piece) async for piece in pieces]
    return b"".join([*parts, writing.end()]), ""


async def _page(
    pieces: AsyncGenerator[Piece], asked: Asked, query: DataQuery, limit: int, form: str
) -> tuple[bytes, str]:
    found: list[Piece] = []
    async for piece in pieces:
        found.append(piece)
        if sum(map(len, found)) > limit:
            break
    rows = join(found, answer.columns(asked.question))
    page, cursor = rows.take(slice(limit)), ""
    if len(rows) > limit:
        cursor = asking.page_cursor(asked, query, int(page.ts[-1]), int(page.label[-1]))
    writing = writer(asked.question, form)
    return (writing.write(page) if len(page) else b"") + writing.end(), cursor
