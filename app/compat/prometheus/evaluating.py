"""An expression's value, once its samples are there."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.compat.prometheus.aggregating import aggregate
from app.compat.prometheus.expressions import Aggregated, Applied, Binary, Negative, Node, Number, Sample
from app.compat.prometheus.operators import combine
from app.compat.prometheus.vectors import Scalar, Value, Vector

_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "sgn": np.sign,
    "sqrt": np.sqrt,
}


def evaluate(node: Node, samples: Mapping[Sample, Vector], count: int) -> Value:
    """The value at `count` instants. Raises: CannotEvaluate."""
    with np.errstate(all="ignore"):
        value = _evaluate(node, samples, count)
    return value.worth_keeping() if isinstance(value, Vector) else value


def _evaluate(node: Node, samples: Mapping[Sample, Vector], count: int) -> Value:
    match node:
        case Number():
            return Scalar(np.full(count, node.value))
        case Sample():
            return samples[node]
        case Negative():
            return _each(np.negative, _evaluate(node.of, samples, count))
        case Applied():
            return _each(_FUNCTIONS[node.function], _evaluate(node.of, samples, count))
        case Aggregated():
            of = _evaluate(node.of, samples, count)
            # The parser lets no number stand here.
            return aggregate(node, of) if isinstance(of, Vector) else of
        case Binary():
            return combine(node, _evaluate(node.left, samples, count), _evaluate(node.right, samples, count))


def _each(compute: Callable[[Any], Any], of: Value) -> Value:
    if isinstance(of, Scalar):
        return Scalar(compute(of.values))
    return Vector(of.labels, compute(of.values), of.present).nameless()
