"""Rows of panels as Grafana's JSON: what a panel says is given, where it stands and how it looks is decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_COLUMNS, _HEIGHT, _STAT_HEIGHT = 24, 8, 4
Json = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """A graph, or with `stat` one number; `queries` gives each expression its legend."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    text: str = ""
    stat: bool = False
    steps: tuple[tuple[float, str], ...] = ()
    """From which value on a number has which colour; below the first it is green."""
    stacked: bool = False
    most: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels side by side under a title."""

    title: str
    panels: tuple[Panel, ...] = field(default=())


def dashboard(uid: str, title: str, rows: Iterable[Row]) -> Json:
    """The whole document, as Grafana provisions it."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["sentinela"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [{"type": "dashboards", "title": "Sentinela", "tags": ["sentinela"], "asDropdown": True}],
        "panels": _laid_out(rows),
    }


def _laid_out(rows: Iterable[Row]) -> list[Json]:
    placed: list[Json] = []
    top = 0
    for row in rows:
        placed.append(_row(row.title, len(placed) + 1, top))
        top += 1
        height = _STAT_HEIGHT if all(panel.stat for panel in row.panels) else _HEIGHT
        width = _COLUMNS // len(row.panels)
        for place, panel in enumerate(row.panels):
            grid = {"x": place * width, "y": top, "w": width, "h": height}
            placed.append(_panel(panel, len(placed) + 1, grid))
        top += height
    return placed


def _row(title: str, number: int, top: int) -> Json:
    grid = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {"type": "row", "id": number, "title": title, "collapsed": False, "gridPos": grid, "panels": []}


def _panel(panel: Panel, number: int, grid: Json) -> Json:
    return {
        "type": "stat" if panel.stat else "timeseries",
        "id": number,
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "gridPos": grid,
        "targets": [_target(place, *query) for place, query in enumerate(panel.queries.items())],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _stat_options() if panel.stat else _graph_options(),
    }


def _target(place: int, expression: str, legend: str) -> Json:
    letter = chr(ord("A") + place)
    return {"refId": letter, "datasource": _SOURCE, "expr": expression, "legendFormat": legend or "__auto"}


def _defaults(panel: Panel) -> Json:
    steps = [{"color": "green", "value": None}, *({"color": color, "value": value} for value, color in panel.steps)]
    defaults: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.most is not None:
        defaults["max"] = panel.most
    if not panel.stat:
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        defaults["custom"] = {"fillOpacity": 30 if panel.stacked else 8, "showPoints": "never", "stacking": stacking}
    return defaults


def _stat_options() -> Json:
    calculation = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return {"reduceOptions": calculation, "colorMode": "value", "graphMode": "area", "textMode": "value_and_name"}


def _graph_options() -> Json:
    legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
