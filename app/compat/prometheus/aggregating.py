"""sum, avg, min and kin: series taken together where labels agree."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from app.compat.prometheus.expressions import NAME, Aggregated
from app.compat.prometheus.parsing import WITH_NUMBER
from app.compat.prometheus.vectors import Float, Vector, Which, key, only, without


def aggregate(node: Aggregated, of: Vector) -> Vector:
    """The series of the answer."""
    if not len(of):
        return of
    labels = [_labels(node, each) for each in of.labels]
    keys = [key(each) for each in labels]
    numbers = {each: number for number, each in enumerate(sorted(set(keys)))}
    group = np.array([numbers[each] for each in keys])
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.append(True, np.diff(group[order]) > 0))
    sorted_ = of.take(order)
    if node.operator in WITH_NUMBER:
        return _extremes(node, sorted_, np.split(np.arange(len(of)), begins[1:])).worth_keeping()
    values = _OPERATORS[node.operator](sorted_.values, sorted_.present, begins)
    present: Which = np.logical_or.reduceat(sorted_.present, begins)
    return Vector([labels[place] for place in order[begins].tolist()], values, present)


def _labels(node: Aggregated, labels: dict[str, str]) -> dict[str, str]:
    return without(labels, (NAME, *node.labels)) if node.without else only(labels, node.labels)


def _sum(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    total: Float = np.add.reduceat(np.where(present, values, 0.0), begins)
    return total


def _count(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    return _sum(np.ones_like(values), present, begins)


def _mean(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    return _sum(values, present, begins) / _count(values, present, begins)


def _min(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    # A value that is no number gives way to any that is.
    lowest: Float = np.fmin.reduceat(np.where(present, values, np.nan), begins)
    return lowest


def _max(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    highest: Float = np.fmax.reduceat(np.where(present, values, np.nan), begins)
    return highest


def _deviation(values: Float, present: Which, begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Float:
    sizes = np.diff(np.append(begins, len(values)))
    away = values - np.repeat(_mean(values, present, begins), sizes, axis=0)
    deviation: Float = np.sqrt(_mean(away * away, present, begins))
    return deviation


def _extremes(node: Aggregated, of: Vector, groups: "list[np.ndarray[tuple[int], np.dtype[np.int64]]]") -> Vector:
    """At each instant only the so many highest, or lowest, of each group."""
    sign = -1.0 if node.operator == "topk" else 1.0
    # Behind all others what is no number, and what is absent behind that.
    order = np.where(np.isnan(of.values), np.inf, sign * of.values)
    kept = np.zeros_like(of.present)
    most = int(min(max(node.parameter, 0), len(of)))
    for group in groups:
        absent = ~of.present[group]
        place = np.lexsort((order[group], np.isnan(of.values[group]), absent), axis=0)
        rank = np.empty_like(place)
        np.put_along_axis(rank, place, np.broadcast_to(np.arange(len(group))[:, None], place.shape), axis=0)
        kept[group] = (rank < most) & ~absent
    return replace(of, present=kept)


_OPERATORS: Mapping[str, Callable[..., Float]] = {
    "sum": _sum,
    "avg": _mean,
    "min": _min,
    "max": _max,
    "count": _count,
    "stddev": _deviation,
}
