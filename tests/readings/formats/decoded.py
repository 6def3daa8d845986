"""What a decoder made of a body, row by row."""

import io
import math

from app.readings import formats
from app.readings.columns import NO_TIMESTAMP
from app.readings.formats.assembling import MAX_ROWS

DEFAULT = formats.Options()
Good = dict[int, tuple[str, int | None, dict[str, float]]]
"""Server, microseconds since 1970 (None: not sent) and values, by position in the request."""
Bad = dict[int, str]
"""The type of the fault, by position."""


def decoded(
    body: bytes, media_type: str, options: formats.Options = DEFAULT, known: tuple[str, ...] = ()
) -> tuple[Good, Bad]:
    """Everything in the body; checks on the way what every decoder promises of its chunks."""
    good: Good = {}
    bad: Bad = {}
    for chunk in formats.decode(io.BytesIO(body), media_type, options, known):
        columns = chunk.columns
        assert len(columns) <= MAX_ROWS
        for row, position in enumerate(columns.index.tolist()):
            values = {name: float(column[row]) for name, column in columns.values.items()}
            ts = int(columns.ts[row])
            assert position not in good
            good[position] = (
                columns.servers[columns.server[row]],
                None if ts == NO_TIMESTAMP else ts,
                {name: value for name, value in values.items() if not math.isnan(value)},
            )
        bad |= {fault.index: fault.error["type"] for fault in chunk.faults}
    assert not good.keys() & bad.keys()
    return good, bad
