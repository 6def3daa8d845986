"""What is usual at this hour: the same hour of past days, known by its mean and its variance.

A reading's score is its distance from the median of those hours' means, in robust standard deviations: 1.4826 times the
median distance of the means from their median, and beside it (root of the sum of squares) the median spread within the
hours, without which the noise of single readings would count as a deviation. Both come from the segments' statistics,
so a year of history costs no decoding. "The same hour" is that of the local clock, so it moves with summer time.
"""

from datetime import datetime, timedelta

import numpy as np

from app.alerts.conditions.batch import Bool, Float, HourlyValues, Int
from app.core import zones
from app.core.clock import from_microseconds

HOUR = 3_600_000_000
# Of a normal distribution the median absolute deviation is 1 / 1.4826 of the standard deviation.
NORMAL = 1.4826


def scores(
    hourly: HourlyValues | None, server: Int, ts: Int, values: Float, days: int, zone: str
) -> tuple[Bool, Float]:
    """Which of n readings have enough history (half of the days, at least three), and the score of each; (n,)."""
    if hourly is None or not len(ts) or not len(hourly.hour):
        return np.zeros(len(ts), np.bool_), np.zeros(len(ts))
    hour = ts // HOUR
    begin = np.flatnonzero(np.append(True, (hour[1:] != hour[:-1]) | (server[1:] != server[:-1])))
    lengths = np.diff(np.append(begin, len(ts)))
    known, middle, spread = usual(hourly, server[begin], hour[begin], days, zone)
    away = values - np.repeat(middle, lengths)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(away == 0, 0.0, away / np.repeat(spread, lengths))
    return np.repeat(known, lengths), found


def usual(hourly: HourlyValues, server: Int, hour: Int, days: int, zone: str) -> tuple[Bool, Float, Float]:
    """Of each of m hours of servers whether enough is known, the usual value and its spread; (m,)."""
    past = past_hours(hour, days, zone)
    order = _places(hourly, np.repeat(server, days), past.ravel()).reshape(past.shape)
    absent = order < 0
    means = np.where(absent, np.nan, hourly.mean[order])
    variances = np.where(absent, np.nan, hourly.variance[order])
    known = (~absent).sum(axis=1) >= least_days(days)
    middle, spread = np.zeros(len(hour)), np.zeros(len(hour))
    if known.any():
        middle[known] = np.nanmedian(means[known], axis=1)
        distance = np.abs(means[known] - middle[known, None])
        within = np.nanmedian(variances[known], axis=1)
        spread[known] = np.sqrt((NORMAL * np.nanmedian(distance, axis=1)) ** 2 + within)
    return known, middle, spread


def least_days(days: int) -> int:
    """Of so many past days there must be readings at the hour."""
    return max(3, (days + 1) // 2)


def past_hours(hour: Int, days: int, zone: str) -> Int:
    """Of each of m hours (since 1970) the same one of the local clock on the days before; (m, days)."""
    offsets = np.arange(1, days + 1) * 24
    past: Int = hour[:, None] - offsets[None, :]
    if zone == "UTC" or not len(hour):
        return past
    each = np.unique(np.concatenate([hour, past.ravel()]))
    offset = np.array([_offset(zone, number) for number in each.tolist()])
    local = np.searchsorted(each, hour)
    shift = offset[local][:, None] - offset[np.searchsorted(each, past)]
    moved: Int = (past * HOUR + shift) // HOUR
    return moved


def _places(hourly: HourlyValues, server: Int, hour: Int) -> Int:
    """Where these hours of servers stand, -1 for those of which nothing is known."""
    low = int(min(hourly.hour.min(), hour.min()))
    span = int(max(hourly.hour.max(), hour.max())) - low + 1
    keys = hourly.server * span + hourly.hour - low
    wanted = server * span + hour - low
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def _offset(zone: str, hour: int) -> int:
    """Local clock minus UTC at the beginning of an hour, microseconds."""
    moment: datetime = from_microseconds(hour * HOUR).astimezone(zones.load(zone))
    return (moment.utcoffset() or timedelta()) // timedelta(microseconds=1)
