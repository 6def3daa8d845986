"""Value filters: `temperature>30`."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_FORM = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9_]{0,62})\s*(?P<sign>>=|<=|!=|>|<|=)\s*"
    r"(?P<value>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*",
    re.ASCII,
)
_COMPARE = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "=": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one quantity with a number; a reading without the quantity does not meet it."""

    name: str
    sign: str
    value: float

    def met(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each of these values (n,), NaN for absent, meets it."""
        met: npt.NDArray[np.bool_] = _COMPARE[self.sign](values, self.value) & ~np.isnan(values)
        return met


def parse(text: str) -> Condition | None:
    """A condition, None when it is none."""
    match = _FORM.fullmatch(text)
    return Condition(match["name"], match["sign"], float(match["value"])) if match else None
