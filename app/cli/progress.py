"""Progress on stderr: a line that renews itself, and bars. Where there is no terminal it stays readable in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from app.cli.console import stderr

# Seconds between two renewals of a line: often enough to look alive, or seldom enough for a log.
TERMINAL_PERIOD, LOG_PERIOD = 0.5, 10.0


class Line:
    """One line of progress; `period` is how many seconds apart it is worth renewing."""

    def __init__(self, show: Callable[[str], None], period: float) -> None:
        self.show = show
        self.period = period


@contextmanager
def live_line(*, quiet: bool = False) -> Iterator[Line]:
    """A line that replaces itself on a terminal, a line now and then in a log, nothing when quiet."""
    console = stderr()
    if quiet:
        yield Line(lambda _: None, LOG_PERIOD)
    elif not console.is_terminal:
        yield Line(lambda text: console.print(text, soft_wrap=True, markup=False), LOG_PERIOD)
    else:
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False)
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("")
            yield Line(lambda text: progress.update(task, description=text), TERMINAL_PERIOD)


@contextmanager
def upload_bar(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """A bar over `size` bytes (None: unknown); call what it yields with each number of bytes sent."""
    with _bytes_bar(f"Uploading {name}", size) as advance:
        yield advance


@contextmanager
def download_bar(name: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar over `size` bytes; call what it yields with each number of bytes received."""
    with _bytes_bar(f"Downloading {name}", size) as advance:
        yield advance


@contextmanager
def _bytes_bar(title: str, size: int | None) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with _bar(*columns) as progress:
        task = progress.add_task(title, total=size)
        yield lambda moved: progress.update(task, advance=moved)


@contextmanager
def share_bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar from 0 to 1; call what it yields with the share that is done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with _bar(*columns) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)


@contextmanager
def _bar(*columns: ProgressColumn) -> Iterator[Progress]:
    console = stderr()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress
