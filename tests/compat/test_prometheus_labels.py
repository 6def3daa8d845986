"""Tags as labels, texts against matchers, values as texts."""

import json

import numpy as np
import pytest

from app.compat.prometheus import catalogue, writing
from app.compat.prometheus.errors import BadExpression
from app.compat.prometheus.expressions import Matcher
from app.compat.prometheus.matching import matched
from app.compat.prometheus.vectors import Scalar, Vector

TEXTS = ["", "lisboa", "lis", "Lisboa", "lis\nboa", "a.b", "axb"]
MATCHES = [
    ("=", "lis", ["lis"]),
    ("!=", "lis", ["", "lisboa", "Lisboa", "lis\nboa", "a.b", "axb"]),
    ("=~", "lis", ["lis"]),
    ("=~", "lis.*", ["lisboa", "lis", "lis\nboa"]),
    ("=~", "(?i)LISBOA|a\\.b", ["lisboa", "Lisboa", "a.b"]),
    ("!~", ".+", [""]),
    ("=~", "", [""]),
    ("=~", "^lis$", ["lis"]),
    ("=~", ".*", TEXTS),
]


@pytest.mark.parametrize(("sign", "value", "expected"), MATCHES)
def test_a_matcher_lets_through_what_matches_as_a_whole(sign: str, value: str, expected: list[str]) -> None:
    which = matched(Matcher("site", sign, value), TEXTS)
    assert [text for text, found in zip(TEXTS, which, strict=True) if found] == expected


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time() -> None:
    assert not matched(Matcher("site", "=~", "(a*)*b|(a|aa)+c"), ["a" * 5000]).any()


def test_a_pattern_that_re2_does_not_take_is_refused() -> None:
    with pytest.raises(BadExpression, match="repetition"):
        matched(Matcher("site", "=~", "x{1001}"), TEXTS)


def test_a_tag_is_called_so_that_prometheus_can_say_it() -> None:
    names = {"rack.row": "rack_row", "é-1": "tag___1", "server_name": "tag_server_name", "__name__": "tag___name__"}
    assert {tag: catalogue.legal(tag) for tag in names} == names


def test_of_tags_that_would_be_called_alike_the_one_that_is_called_so_stays() -> None:
    labels = catalogue._labels(
        "ULID", "oven", {"a.b": "dot", "a_b": "own", "a-b": "dash", "z": "", "c.d": "1", "c-d": "2"}
    )
    assert labels == {"server_ulid": "ULID", "server_name": "oven", "a_b": "own", "c_d": "2"}


def test_values_are_written_as_prometheus_reads_them() -> None:
    numbers = [0.1, 25.0, -0.0, 1e20, 5e-324, 1e-7, np.nan, np.inf, -np.inf, 123456789.123456]
    found = json.loads(writing.over_time(Scalar(np.array(numbers)), [n * 1_500_000 for n in range(10)]))
    values = found["data"]["result"][0]["values"]
    assert [ts for ts, _ in values] == [n * 1.5 for n in range(10)]
    assert [text for _, text in values[6:9]] == ["NaN", "+Inf", "-Inf"]
    assert [float(text) for _, text in values] == pytest.approx(numbers, rel=0, nan_ok=True)


def test_series_are_written_in_the_order_of_their_labels_without_what_is_absent() -> None:
    vector = Vector(
        [{"a": "2"}, {"a": '1"'}], np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[True, False], [False, True]])
    )
    assert json.loads(writing.over_time(vector, [0, -1_500_000]))["data"]["result"] == [
        {"metric": {"a": '1"'}, "values": [[-1.5, "4"]]},
        {"metric": {"a": "2"}, "values": [[0, "1"]]},
    ]
