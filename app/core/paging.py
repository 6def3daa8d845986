"""Long lists in pages: by keyset, so that the hundredth page costs what the first does, and a row that comes or goes
meanwhile shifts no other.

A route takes `pages: Pages`, its service gets `pages.asked` and returns a `Page`, and `return pages.give(page)` answers
with the rows and, when more follow, `Link: <…>; rel="next"`. A statement orders by the key, starts after
`asked.key(...)` and is limited to `asked.fetch`.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response

from app.core.clock import from_microseconds
from app.core.errors import Problem, invalid_field
from app.core.text import NO_CONTROL_CHARACTERS, is_storable

# A thousand rows of any list are some 300 KB; who leaves `limit` out and has fewer sees all of them.
MAX_LIMIT = DEFAULT_LIMIT = 1000
# A name of 200 characters of four bytes each is 1,072 in base 64.
MAX_CURSOR = 1500
Key = tuple[str | int, ...]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page: at most `limit` rows, those after the key `after` or the first ones."""

    limit: int = DEFAULT_LIMIT
    after: Key | None = None

    @property
    def fetch(self) -> int:
        """One row more than the page shows tells whether another page follows."""
        return self.limit + 1

    def key(self, *kinds: type) -> Any:
        """The key to start after, as a tuple of these types; None for the first page.

        Raises: Invalid for a cursor of another list.
        """
        if self.after is None:
            return None
        if tuple(type(part) for part in self.after) != kinds:
            raise _not_ours()
        return self.after

    def cut(self, rows: Sequence[R], key: Callable[[R], Key]) -> "Page[R]":
        """The page of these up to `fetch` rows; `key` gives a row's place in the order."""
        shown = list(rows[: self.limit])
        return Page(shown, key(shown[-1]) if len(rows) > self.limit else None)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the key of the last when more follow."""

    items: list[T]
    last: Key | None = None

    def map(self, read: Callable[[T], R]) -> "Page[R]":
        return Page([read(item) for item in self.items], self.last)


class PagesOf:
    """The page that a request asks for, and how it is answered."""

    def __init__(self, request: Request, response: Response, asked: Asked) -> None:
        self._request = request
        self._response = response
        self.asked = asked

    def give(self, page: Page[T]) -> list[T]:
        """The rows; the answer names the next page when there is one."""
        if page.last is not None:
            url = self._request.url.include_query_params(cursor=encode(page.last))
            # Without host: a proxy may know us under another name than our clients do.
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page.items


async def pages(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(
            description='Where the page starts: from the address in `Link: rel="next"` of the page before.',
            max_length=MAX_CURSOR,
            pattern=NO_CONTROL_CHARACTERS,
        ),
    ] = None,
) -> PagesOf:
    """The page that this request asks for. Raises: Invalid."""
    return PagesOf(request, response, Asked(limit, decode(cursor) if cursor is not None else None))


Pages = Annotated[PagesOf, Depends(pages)]


def encode(key: Key) -> str:
    """A key as a cursor."""
    text = json.dumps(key, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(cursor: str) -> Key:
    """The key of a cursor. Raises: Invalid for what `encode` did not make."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _not_ours() from None
    # What a name may hold, and no integer beyond eight bytes.
    if not isinstance(found, list) or not all(_is_part(part) for part in found):
        raise _not_ours()
    return tuple(found)


def instant_of(microseconds: int) -> datetime:
    """An instant that is a part of a key, as microseconds since 1970. Raises: Invalid for one that no list holds."""
    try:
        return from_microseconds(microseconds)
    except OverflowError:
        raise _not_ours() from None


def _is_part(part: object) -> bool:
    if isinstance(part, str):
        return is_storable(part)
    return type(part) is int and abs(part) < 2**63


def _not_ours() -> Problem:
    return invalid_field(("query", "cursor"), "Must be the cursor of a page before, as Link gave it", "cursor")
