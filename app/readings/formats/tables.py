"""What Arrow, Parquet and CSV share: which column is what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from app.core.errors import invalid_field
from app.readings.columns import Chunk, Int
from app.readings.formats.assembling import MAX_COLUMNS, Faults, assemble
from app.readings.formats.options import Options

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a table is what; `values` names the column of each quantity."""

    server: str | None
    timestamp: str | None
    values: dict[str, str]

    def chunk(self, table: pa.RecordBatch, index: Int, options: Options, faults: Faults | None = None) -> Chunk:
        """Rows of a table whose value columns are float64."""
        return assemble(
            table.column(self.server) if self.server else None,
            table.column(self.timestamp) if self.timestamp else None,
            {name: table.column(column) for name, column in self.values.items()},
            index,
            options,
            faults,
        )


def layout(columns: Sequence[str], options: Options) -> Layout:
    """Find the columns by name. Raises: Invalid, naming the column, for what cannot be a table of readings."""
    if len(columns) > MAX_COLUMNS:
        raise invalid_field(("body",), f"More than {MAX_COLUMNS} columns", "too_many_columns", limit=MAX_COLUMNS)
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise invalid_field(("body", twice), "The column stands twice", "column_twice")
    server = options.server_column if options.server_column in columns else None
    if server is None and options.server_ulid is None:
        message = f"The body has no column {options.server_column!r}"
        raise invalid_field(("body",), message, "unknown_column", column=options.server_column)
    timestamp = options.timestamp_column if options.timestamp_column in columns else None
    if timestamp is None and options.timestamp_required:
        message = f"The body has no column {options.timestamp_column!r}"
        raise invalid_field(("body",), message, "unknown_column", column=options.timestamp_column)
    taken = {server, timestamp}
    known = {column: name for name, column in options.columns.items()}
    wanted = [column for column in columns if column not in taken and (column in known or not options.mapped_only)]
    values = {known.get(column, column): column for column in wanted}
    for name, column in values.items():
        if not _NAME.fullmatch(name):
            raise invalid_field(("body", column), "Extra inputs are not permitted", "extra_forbidden")
    if not values:
        raise invalid_field(("body",), "The body has no column of a quantity", "no_quantity_column")
    return Layout(server, timestamp, values)
