"""InfluxDB line protocol: `measurement,tag=value field=1.5,other=2i 1700000000000000000`, one point a line.

Written from InfluxData's description of the protocol. Numbers and booleans are values; text is passed over, for a
reading has none. A line break within quotes ends the line all the same.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_LINE = re.compile(
    r"""(?P<key>(?:\\.|[^\\ ])+)[ ]+
        (?P<fields>(?:"(?:\\.|[^"\\])*"|\\.|[^"\\ ])+)
        (?:[ ]+(?P<instant>-?\d{1,19}))?[ ]*""",
    re.VERBOSE,
)
_FIELD = re.compile(r'(?P<name>(?:\\.|[^\\,="])+)=(?P<value>"(?:\\.|[^"\\])*"|[^",=]+)(?:,|$)')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_INTEGER = re.compile(r"-?\d+[iu]")
_BOOLEANS = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}
_ESCAPED = re.compile(r"\\([,= \\\"])")
_COMMA = re.compile(r"(?<!\\),")
_EQUALS = re.compile(r"(?<!\\)=")


REMEMBERED_LETTERS = 500
"""Longer texts are few; remembered in their thousands they would take gigabytes."""


class BadLine(ValueError):
    """A line that is no point, and why."""


class Head(NamedTuple):
    """What a point belongs to."""

    measurement: str
    tags: Mapping[str, str]


class Point(NamedTuple):
    """One line; `instant` counts in the unit of the request, None: the arrival's."""

    head: Head
    fields: dict[str, float]
    instant: int | None


def parse(line: str) -> Point:
    """One line that is neither blank nor a comment. Raises: BadLine."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLine("Expected measurement,tag=value field=value timestamp")
    instant = found["instant"]
    return Point(_head(found["key"]), _fields(found["fields"]), int(instant) if instant else None)


def _head(key: str) -> Head:
    return _known_head(key) if len(key) <= REMEMBERED_LETTERS else _new_head(key)


def _new_head(key: str) -> Head:
    measurement, *pairs = _COMMA.split(key)
    tags = {}
    for pair in pairs:
        name, *value = _EQUALS.split(pair)
        if len(value) != 1 or not name or not value[0]:
            raise BadLine("A tag must be name=value")
        tags[_plain(name)] = _plain(value[0])
    if not measurement:
        raise BadLine("The measurement is missing")
    return Head(_plain(measurement), tags)


# A sender repeats its few heads for ever.
_known_head = lru_cache(maxsize=20_000)(_new_head)


def _fields(text: str) -> dict[str, float]:
    """The numbers among a point's fields, by name."""
    fields = {}
    position = 0
    while position < len(text):
        found = _FIELD.match(text, position)
        if found is None:
            raise BadLine("A field must be name=value")
        position = found.end()
        if not found["value"].startswith('"'):
            fields[_plain(found["name"])] = _number(found["value"])
    if text.endswith(",") or not fields:
        raise BadLine("No field is a number")
    return fields


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    if _INTEGER.fullmatch(text):
        return float(text[:-1])
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    raise BadLine("A field's value must be a number, an integer with i or u, true or false, or quoted text")


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
