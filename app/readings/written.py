"""Pieces of an answer as bytes: all of them, or a page and where the next one begins."""

from collections.abc import AsyncGenerator

from app.readings import asking
from app.readings.asking import Asked
from app.readings.engine import answer
from app.readings.engine.question import Piece, Question, join
from app.readings.questions import DataQuery
from app.readings.writers import FORMATS, Shape, Writer


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
