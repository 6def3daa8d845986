"""Expressions as they are evaluated; `parsing` makes them of text."""

from collections.abc import Iterator
from dataclasses import dataclass

NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a label's value has to be; `sign` is =, !=, =~ or !~. A label that is not there is an empty text."""

    name: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A value at each instant t of every series that matches: the function of what lies in (t - width, t], all of it
    `offset` earlier. Microseconds; `function` is one of `readings.engine.windows`.
    """

    matchers: tuple[Matcher, ...]
    function: str
    width: int
    offset: int
    parameter: float = 0.0
    keeps_name: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """The readings in (t - width, t] as they are."""

    matchers: tuple[Matcher, ...]
    width: int
    offset: int


@dataclass(frozen=True, slots=True)
class Negative:
    of: "Node"


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of each value alone."""

    function: str
    of: "Node"


@dataclass(frozen=True, slots=True)
class Aggregated:
    """Series taken together where these labels agree; `without`: where all the others do."""

    operator: str
    of: "Node"
    labels: tuple[str, ...]
    without: bool
    parameter: float = 0.0


@dataclass(frozen=True, slots=True)
class Binary:
    """`labels`: by which series of both sides find each other; None: all but the name. `ignoring`: by the others."""

    operator: str
    left: "Node"
    right: "Node"
    says_bool: bool
    labels: tuple[str, ...] | None = None
    ignoring: bool = False


Node = Number | Sample | Negative | Applied | Aggregated | Binary


def samples(node: Node) -> Iterator[Sample]:
    """All that have to be read."""
    match node:
        case Sample():
            yield node
        case Negative() | Applied() | Aggregated():
            yield from samples(node.of)
        case Binary():
            yield from samples(node.left)
            yield from samples(node.right)


def is_scalar(node: Node) -> bool:
    """Whether it is one number at each instant, and no series."""
    match node:
        case Number():
            return True
        case Negative():
            return is_scalar(node.of)
        case Binary():
            return is_scalar(node.left) and is_scalar(node.right)
    return False
