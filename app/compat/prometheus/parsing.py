"""PromQL: from text to what is evaluated here, and a word about everything that is not."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import promql_parser as promql

from app.compat.prometheus.errors import BadExpression, unsupported
from app.compat.prometheus.expressions import (
    NAME,
    Aggregated,
    Applied,
    Binary,
    Matcher,
    Negative,
    Node,
    Number,
    Range,
    Sample,
)

MAX_LENGTH = 10_000
# The parser goes one call deeper with each of them; at 9,000 the stack was at its end, and 300 take it a millisecond.
MAX_TOKENS = 300
# A regular expression that its parser just lets through takes it 30 ms.
MAX_PATTERNS = 20
_STRING = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`""", re.DOTALL)
_TOKEN = re.compile(r"[\w.:]+|[^\w.:\s]")
_MICROSECOND = timedelta(microseconds=1)

RANGES: Mapping[str, str] = {
    "avg_over_time": "mean",
    "min_over_time": "min",
    "max_over_time": "max",
    "sum_over_time": "sum",
    "count_over_time": "count",
    "last_over_time": "last",
    "stddev_over_time": "deviation",
    "quantile_over_time": "quantile",
    "rate": "rate",
    "increase": "increase",
    "delta": "change",
}
"""Functions of range vectors, and what the engine calls them."""
APPLIED = frozenset({"abs", "ceil", "exp", "floor", "ln", "log10", "log2", "sgn", "sqrt"})
AGGREGATIONS = frozenset({"sum", "avg", "min", "max", "count", "stddev", "topk", "bottomk"})
WITH_NUMBER = frozenset({"topk", "bottomk"})
OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<="})
# The parser's own cannot be hashed.
_SIGNS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def parse(text: str, lookback: int) -> Node | Range:
    """The expression; `lookback` is how old a value may be that an instant selector takes, microseconds.

    Raises: BadExpression.
    """
    return _Parser(lookback).top(_read(text))


def selector(text: str) -> tuple[Matcher, ...]:
    """What `match[]` says. Raises: BadExpression."""
    found = _read(text)
    if not isinstance(found, promql.VectorSelector) or found.offset or found.at:
        raise BadExpression("match[] takes a plain selector such as {example}.", example='{server_name="oven"}')
    return _matchers(found)


def _read(text: str) -> Any:
    plain = _STRING.sub("s", text)
    tokens = len(_TOKEN.findall(plain))
    if plain.count("=~") + plain.count("!~") > MAX_PATTERNS:
        raise BadExpression("At most {limit} regular expressions in one expression.", limit=MAX_PATTERNS)
    if len(text) > MAX_LENGTH or tokens > MAX_TOKENS:
        raise BadExpression(
            "The expression is too long: at most {length} characters and {tokens} words and signs.",
            length=MAX_LENGTH,
            tokens=MAX_TOKENS,
        )
    try:
        return promql.parse(text)
    except ValueError as error:
        raise BadExpression("The expression cannot be read: {reason}.", reason=str(error)) from None


class _Parser:
    def __init__(self, lookback: int) -> None:
        self._lookback = lookback
        self._readers: dict[type, Callable[[Any], Node]] = {
            promql.NumberLiteral: lambda found: Number(found.val),
            promql.ParenExpr: lambda found: self.node(found.expr),
            promql.UnaryExpr: lambda found: Negative(self.node(found.expr)),
            promql.VectorSelector: self._instant,
            promql.Call: self._call,
            promql.AggregateExpr: self._aggregation,
            promql.BinaryExpr: self._binary,
        }

    def top(self, found: Any) -> Node | Range:
        while isinstance(found, promql.ParenExpr):
            found = found.expr
        if isinstance(found, promql.MatrixSelector):
            of = found.vector_selector
            return Range(_matchers(of), found.range // _MICROSECOND, _offset(of))
        return self.node(found)

    def node(self, found: Any) -> Node:
        reader = self._readers.get(type(found))
        if reader is None:
            names = {promql.SubqueryExpr: "A subquery", promql.StringLiteral: "A text"}
            raise unsupported(names.get(type(found), f"{found}"))
        return reader(found)

    def _instant(self, found: Any) -> Sample:
        return Sample(_matchers(found), "last", self._lookback, _offset(found), keeps_name=True)

    def _call(self, found: Any) -> Node:
        name = found.func.name
        if name in APPLIED:
            return Applied(name, self.node(found.args[0]))
        if name not in RANGES:
            raise unsupported(f"The function {name}")
        *numbers, of = found.args
        if not isinstance(of, promql.MatrixSelector):
            raise unsupported("A subquery")
        share = self._number(numbers[0]) if numbers else 0.0
        selected, width = of.vector_selector, of.range // _MICROSECOND
        keeps_name = name == "last_over_time"
        return Sample(_matchers(selected), RANGES[name], width, _offset(selected), share, keeps_name)

    def _aggregation(self, found: Any) -> Aggregated:
        operator, modifier = str(found.op), found.modifier
        if operator not in AGGREGATIONS:
            raise unsupported(f"The aggregation {operator}")
        without = modifier is not None and modifier.type == promql.AggModifierType.Without
        parameter = self._number(found.param) if operator in WITH_NUMBER else 0.0
        labels = tuple(modifier.labels) if modifier else ()
        return Aggregated(operator, self.node(found.expr), labels, without, parameter)

    def _binary(self, found: Any) -> Binary:
        operator, modifier = str(found.op), found.modifier
        if operator not in OPERATORS:
            raise unsupported(f"The operator {operator}")
        left, right = self.node(found.lhs), self.node(found.rhs)
        if modifier is None:
            return Binary(operator, left, right, says_bool=False)
        if modifier.card in (promql.VectorMatchCardinality.ManyToOne, promql.VectorMatchCardinality.OneToMany):
            raise unsupported("group_left and group_right")
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise unsupported("A fill modifier")
        by = modifier.matching
        labels = None if by is None else tuple(by.labels)
        ignoring = by is not None and by.type == promql.LabelModifierType.Exclude
        return Binary(operator, left, right, modifier.return_bool, labels, ignoring)

    def _number(self, found: Any) -> float:
        node, sign = self.node(found), 1.0
        while isinstance(node, Negative):
            node, sign = node.of, -sign
        if not isinstance(node, Number) or math.isnan(node.value):
            raise unsupported("A parameter that is not a plain number")
        return sign * node.value


def _matchers(found: Any) -> tuple[Matcher, ...]:
    if found.at is not None:
        raise unsupported("The modifier @")
    if found.matchers.or_matchers:
        raise unsupported("or between matchers")
    named = [Matcher(NAME, "=", found.name)] if found.name else []
    return (*named, *(Matcher(each.name, _SIGNS[str(each.op)], each.value) for each in found.matchers.matchers))


def _offset(found: Any) -> int:
    return (found.offset or timedelta()) // _MICROSECOND
