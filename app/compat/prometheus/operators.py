"""Arithmetic and comparisons, between numbers, series and both."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.compat.prometheus.errors import CannotEvaluate
from app.compat.prometheus.expressions import NAME, Binary
from app.compat.prometheus.vectors import Labels, Scalar, Value, Vector, key, only, without

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    # With the sign of the dividend.
    "%": np.fmod,
    "^": np.power,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def combine(node: Binary, left: Value, right: Value) -> Value:
    """Raises: CannotEvaluate."""
    if isinstance(left, Vector) and isinstance(right, Vector):
        return _matched(node, left, right)
    if isinstance(left, Vector):
        return _with_number(node, left, left.values, right.values)
    if isinstance(right, Vector):
        return _with_number(node, right, left.values, right.values)
    compute = ARITHMETIC.get(node.operator) or COMPARISONS[node.operator]
    return Scalar(np.asarray(compute(left.values, right.values), np.float64))


def _with_number(node: Binary, of: Vector, left: Any, right: Any) -> Vector:
    """Of a vector and a number, whichever is left; a comparison keeps the vector's values."""
    if node.operator in ARITHMETIC:
        return Vector(of.labels, ARITHMETIC[node.operator](left, right), of.present).nameless()
    holds = COMPARISONS[node.operator](left, right)
    if node.says_bool:
        return Vector(of.labels, holds.astype(np.float64), of.present).nameless()
    return Vector(of.labels, of.values, of.present & holds).worth_keeping()


def _matched(node: Binary, left: Vector, right: Vector) -> Vector:
    """Each series of the left with the one of the right that has the same labels."""
    pairs = _pairs(node, left, right)
    on_left, on_right = (np.array(places, np.int64) for places in zip(*pairs, strict=True)) if pairs else (_NONE, _NONE)
    left, right = left.take(on_left), right.take(on_right)
    labels = [_labels(node, each) for each in left.labels]
    both = left.present & right.present
    if node.operator in ARITHMETIC:
        values = ARITHMETIC[node.operator](left.values, right.values)
        return Vector(labels, values, both).worth_keeping().distinct()
    holds = COMPARISONS[node.operator](left.values, right.values)
    if node.says_bool:
        return Vector(labels, holds.astype(np.float64), both).worth_keeping().distinct()
    return Vector(labels, left.values, both & holds).worth_keeping().distinct()


_NONE = np.empty(0, np.int64)


def _pairs(node: Binary, left: Vector, right: Vector) -> list[tuple[int, int]]:
    places: dict[Any, int] = {}
    for place, labels in enumerate(right.labels):
        if places.setdefault(_signature(node, labels), place) != place:
            raise _ambiguous("right")
    found: dict[int, int] = {}
    for place, labels in enumerate(left.labels):
        partner = places.get(_signature(node, labels))
        if partner is not None and found.setdefault(partner, place) != place:
            raise _ambiguous("left")
    return sorted((place, partner) for partner, place in found.items())


def _ambiguous(side: str) -> CannotEvaluate:
    return CannotEvaluate(
        "Several series on the {side} of an operator match the same one; name more labels in on(…), or aggregate.",
        side=side,
    )


def _signature(node: Binary, labels: Labels) -> Any:
    if node.labels is None:
        return key(without(labels, (NAME,)))
    return key(without(labels, (NAME, *node.labels)) if node.ignoring else only(labels, node.labels))


def _labels(node: Binary, labels: Labels) -> Labels:
    if node.operator in ARITHMETIC or node.says_bool:
        labels = without(labels, (NAME,))
    if node.labels is None:
        return labels
    return without(labels, node.labels) if node.ignoring else only(labels, node.labels)
