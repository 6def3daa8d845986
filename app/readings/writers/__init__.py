"""Answers as bytes: pieces in, text or Arrow out, one module a format."""

from collections.abc import Callable

from app.readings.writers.arrow import ArrowWriter, ParquetWriter
from app.readings.writers.shapes import Shape, Writer
from app.readings.writers.texts import CsvWriter, JsonWriter, NdjsonWriter

__all__ = ["FORMATS", "JSON", "Shape", "Writer", "chosen"]

JSON = "json"
FORMATS: dict[str, tuple[str, Callable[[Shape], Writer]]] = {
    JSON: ("application/json", JsonWriter),
    "ndjson": ("application/x-ndjson", NdjsonWriter),
    "csv": ("text/csv", CsvWriter),
    "arrow": ("application/vnd.apache.arrow.stream", ArrowWriter),
    "parquet": ("application/vnd.apache.parquet", ParquetWriter),
}
# A browser that asks for pages gets JSON.
_ANYTHING = ("*/*", "application/*", "text/html")


def chosen(accept: str) -> str | None:
    """The format that a header `Accept` likes best, JSON where it says nothing; None: it takes none of them."""
    if not accept.strip():
        return JSON
    wishes = sorted((_wish(part) for part in accept.lower().split(",")), key=lambda wish: -wish[0])
    for weight, kind in wishes:
        found = (
            JSON if kind in _ANYTHING else next((name for name, (media, _) in FORMATS.items() if media == kind), None)
        )
        found = "csv" if kind == "text/*" else found
        if found and weight > 0:
            return found
    return None


def _wish(part: str) -> tuple[float, str]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
    try:
        return (float(weights[0]) if weights else 1.0), kind
    except ValueError:
        return 0.0, kind
