"""Rows of a CSV file, plain or gzip, from wherever an earlier attempt ended."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.jobs.errors import JobFailed

DELIMITERS = ",;\t"
GZIP_MAGIC = b"\x1f\x8b"


class RowFile:
    """The rows of an open file as dictionaries by column, and how much of the file was read."""

    def __init__(self, raw: io.BufferedReader, size: int) -> None:
        self._raw = raw
        self._size = max(size, 1)
        packed = raw.peek(2)[:2] == GZIP_MAGIC
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        header = text.readline()
        self._delimiter = max(DELIMITERS, key=header.count)
        self.columns = next(csv.reader([header], delimiter=self._delimiter), [])
        self._rows = csv.DictReader(text, self.columns, delimiter=self._delimiter, restval="")

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self._rows)

    @property
    def progress(self) -> float:
        """The share of the file's bytes that was read, 0 to 1."""
        return min(self._raw.tell() / self._size, 1.0)


@contextmanager
def open_rows(path: Path) -> Iterator[RowFile]:
    """The file's rows. Raises: JobFailed, in words for its owner, for what cannot be read, at any row."""
    try:
        with path.open("rb") as raw:
            yield RowFile(raw, path.stat().st_size)
    except FileNotFoundError:
        raise JobFailed("The uploaded file is gone; upload it again.") from None
    except UnicodeDecodeError:
        raise JobFailed("The file is not UTF-8 text; save it as CSV in UTF-8.") from None
    except (gzip.BadGzipFile, EOFError):
        raise JobFailed("The gzip file is damaged or ends too early.") from None
    except csv.Error as error:
        raise JobFailed(f"The file is not CSV: {error}.") from None
