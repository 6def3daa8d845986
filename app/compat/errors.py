"""Errors of the endpoints that others' clients speak to; they read `error` or `code` and `message` in the body."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import Problem

# InfluxDB 2's names, by status.
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not found", 413: "request too large", 429: "too many requests"}


class PartialWrite(Problem):
    status = 400
    kind = "partial-write"
    title = "Some points were not stored"


@contextmanager
def as_influxdb() -> Iterator[None]:
    """Problems that leave this block also carry what InfluxDB's clients show."""
    try:
        yield
    except Problem as problem:
        told = str(problem)
        if problem.errors:
            told += "".join(f" {error['msg']}" for error in problem.errors[:1])
        code = _CODES.get(problem.status, "unavailable" if problem.status >= 500 else "invalid")
        problem.more = {**problem.more, "code": code, "message": told, "error": told}
        raise
