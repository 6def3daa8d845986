"""Why, in a few words: the value beside its bound, or what else decided."""

from collections.abc import Mapping
from typing import Any

Words = Mapping[str, str]


def reason(words: Words, why: Mapping[str, Any]) -> str:
    """Of a trace, which holds `condition`, and as there is: `by` (the part that decided), `value`, `since`."""
    by = why.get("by")
    if isinstance(by, str):
        return words.get(by, by)
    condition = by or why.get("condition") or {}
    kind, since = condition.get("kind", ""), why.get("since", "")
    if kind in ("offline", "nodata"):
        return words[kind].format(since=since, quantity=condition.get("quantity", ""))
    value = why.get("value")
    if value is None:
        return words["since"].format(since=since) if since else ""
    unit = f"/{words[condition['per']]}" if kind == "rate" and condition.get("per") in words else ""
    unit = " σ" if kind == "deviation" else unit
    return " ".join(f"{condition.get('quantity', '')} {value:.6g}{unit} {_bound(words, condition)}".split())


def _bound(words: Words, condition: Mapping[str, Any]) -> str:
    for name in ("above", "below"):
        if condition.get(name) is not None:
            return words[name].format(level=condition[name])
    for name in ("outside", "inside"):
        if condition.get(name):
            return words[name].format(**condition[name])
    return ""
