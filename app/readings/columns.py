"""Readings on their way in, as columns: what every decoder of a batch makes and the write path takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.readings.schemas import Fault

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

NO_TIMESTAMP = np.iinfo(np.int64).min
"""Stands in `ts` where a reading carries no instant: its arrival's is filled in later."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of several servers, in the order of the request; n rows.

    `servers` are the different ULIDs as they were sent; `server` (n,) indexes them. `ts` (n,) is microseconds since
    1970, UTC. `values` holds a float64 (n,) for each quantity that occurs, custom ones included, NaN where a reading
    has none; every row has at least one. `index` (n,) is the reading's position in the request, from 0.
    """

    servers: Sequence[str]
    server: Int
    ts: Int
    values: dict[str, Float]
    index: Int

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a batch: the good readings, and the faults of the others."""

    columns: Columns
    faults: Sequence[Fault]
