"""What the commands share on the terminal: errors as one line, safe text, tables."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

P = ParamSpec("P")
R = TypeVar("R")

# A file or a pipe has no width; rich would assume 80 columns and fold every identifier.
PIPE_WIDTH = 200


class CommandFailed(Exception):
    """A command cannot go on; the message is one line that says why and what helps."""


def one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn CommandFailed into `sentinela: …` on stderr and exit code 1, in place of a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CommandFailed as failure:
            say_error(str(failure))
            raise typer.Exit(1) from None

    return wrapped


def say_error(message: str) -> None:
    """Print `sentinela: message` to stderr as a single line."""
    print(f"sentinela: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def printable(value: object) -> str:
    """`value` as text in which nothing can steer the terminal: names come from other people."""
    text = "" if value is None else str(value)
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def stdout() -> Console:
    """A console for results; made when it is needed, because tests and pipes swap sys.stdout."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def stderr() -> Console:
    """A console for progress, so that stdout holds nothing but the result."""
    return Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print `value` as indented JSON with its letters as they are."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[dict[str, Any]], columns: Iterable[str]) -> None:
    """Print `columns` of `rows` as a table; a list in a cell is joined by commas, None is empty."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    names = list(columns)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in names))
    stdout().print(table)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return printable(", ".join(str(item) for item in value))
    return printable(value)
