"""From the columns of a format to a chunk: servers, instants and values checked, bad rows turned into faults."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.core.errors import FieldError, invalid_field
from app.readings.columns import NO_TIMESTAMP, Chunk, Columns, Float, Int
from app.readings.formats.instants import microseconds
from app.readings.formats.options import Options
from app.readings.quantities import BOUNDS, CUSTOM_BOUNDS, NAMES
from app.readings.schemas import Fault

Faults = dict[int, FieldError]
"""The first fault of each bad row, by its place in the chunk."""
MAX_ROWS = 16_384
"""Rows of a chunk: 1 MB as columns, and 30 ms of COPY, in which the next one is decoded."""
MAX_COLUMNS = 256
"""Quantities of a chunk: more than a workspace may have."""


class Names:
    """The quantities of a chunk whose rows name their own: each takes a column as long as the chunk, however few rows
    have it.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    def refuse(self, names: Collection[str]) -> FieldError | None:
        """What is wrong with a row of these quantities when the chunk cannot hold them, too."""
        fresh = set(names) - self._known
        if len(self._known) + len(fresh) > MAX_COLUMNS:
            msg = f"More than {MAX_COLUMNS} different quantities at once"
            return {"loc": [], "msg": msg, "type": "too_many_names", "ctx": {"limit": MAX_COLUMNS}}
        self._known |= fresh
        return None


def assemble(
    server: pa.Array | None,
    timestamp: pa.Array | None,
    values: Mapping[str, pa.Array],
    index: Int,
    options: Options,
    faults: Faults | None = None,
) -> Chunk:
    """A chunk of n rows: text, instants or text, float64 columns, all nullable; `index` (n,) as in Columns.

    `faults` are those that the format found already. Raises: Invalid for a column of the wrong kind.
    """
    bad: Faults = dict(faults or {})
    servers, number = _servers(server, len(index), options, bad)
    ts = np.full(len(index), NO_TIMESTAMP)
    if timestamp is not None:
        ts, wrong = microseconds(timestamp, options.timestamp_column)
        _add(bad, wrong)
    if options.timestamp_required:
        _require(ts != NO_TIMESTAMP, options.timestamp_column, bad)
    floats = {name: _values(name, column, bad) for name, column in values.items()}
    _require_a_value(floats, len(index), bad)
    if not bad:
        return Chunk(Columns(servers, number, ts, floats, index), [])
    keep = np.ones(len(index), np.bool_)
    keep[list(bad)] = False
    columns = Columns(
        servers, number[keep], ts[keep], {name: column[keep] for name, column in floats.items()}, index[keep]
    )
    return Chunk(columns, [Fault(int(index[row]), bad[row]) for row in sorted(bad)])


def slices(table: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows of a batch in pieces of MAX_ROWS."""
    for start in range(0, table.num_rows, MAX_ROWS):
        yield table.slice(start, MAX_ROWS)


def _servers(column: pa.Array | None, count: int, options: Options, bad: Faults) -> tuple[list[str], Int]:
    """The different servers, and each row's number among them."""
    if column is None or pa.types.is_null(column.type):
        column = pa.nulls(count, pa.string())
    if not _is_text(column.type):
        message = "Must hold text: the ULID of the server"
        raise invalid_field(("body", options.server_column), message, "text_column")
    numbered = _numbered(column)
    if numbered is not None:
        return numbered
    column = column.cast(pa.string())
    if options.server_ulid is not None:
        column = column.fill_null(options.server_ulid)
    _require(~column.is_null().to_numpy(zero_copy_only=False), options.server_column, bad)
    encoded = column.fill_null("").dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _numbered(column: pa.Array) -> tuple[list[str], Int] | None:
    """The same of a column that has its own dictionary, as most files do, at a fifth of the cost; None where it must
    be looked at row by row.
    """
    if not pa.types.is_dictionary(column.type) or column.null_count or len(column.dictionary) > MAX_ROWS:
        return None
    names, place = column.dictionary.to_pylist(), column.indices.to_numpy().astype(np.int64)
    used = np.bincount(place, minlength=len(names)) > 0
    servers = [name for name, there in zip(names, used.tolist(), strict=True) if there]
    if None in servers or len(set(servers)) < len(servers):
        return None
    return servers, place if used.all() else np.cumsum(used)[place] - 1


def _require(there: npt.NDArray[np.bool_], name: str, bad: Faults) -> None:
    for row in np.flatnonzero(~there).tolist():
        bad.setdefault(row, {"loc": [name], "msg": "Field required", "type": "missing"})


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _values(name: str, column: pa.Array, bad: Faults) -> Float:
    """float64 (n,), NaN for null; what is no number, or out of bounds, is a fault."""
    lowest, highest = BOUNDS.get(name, CUSTOM_BOUNDS)
    if len(column) and not column.null_count:
        plain: Float = column.to_numpy(zero_copy_only=False)
        # Two passes instead of ten: what is no number compares as false.
        if plain.min() >= lowest and plain.max() <= highest:
            return plain
    sent = ~column.is_null().to_numpy(zero_copy_only=False)
    values: Float = column.fill_null(np.nan).to_numpy(zero_copy_only=False)
    _note(bad, name, sent & ~np.isfinite(values), "Input should be a finite number", "finite_number")
    below = f"Input should be greater than or equal to {lowest:g}"
    _note(bad, name, values < lowest, below, "greater_than_equal", ge=lowest)
    above = f"Input should be less than or equal to {highest:g}"
    _note(bad, name, values > highest, above, "less_than_equal", le=highest)
    return values


def _note(bad: Faults, name: str, rows: npt.NDArray[np.bool_], msg: str, kind: str, **ctx: float) -> None:
    if rows.any():
        _add(bad, {row: {"loc": [name], "msg": msg, "type": kind, "ctx": ctx} for row in np.flatnonzero(rows).tolist()})


def _require_a_value(floats: Mapping[str, Float], count: int, bad: Faults) -> None:
    nothing = np.ones(count, np.bool_)
    for column in floats.values():
        if not np.isnan(column).any():
            return
        nothing &= np.isnan(column)
    names = ", ".join(NAMES)
    for row in np.flatnonzero(nothing).tolist():
        message = f"Send at least one value: {names}"
        bad.setdefault(row, {"loc": [], "msg": message, "type": "no_value", "ctx": {"names": names}})


def _add(bad: Faults, more: Faults) -> None:
    for row, fault in more.items():
        bad.setdefault(row, fault)
