"""Rows of panels as Grafana's JSON: what a panel says is given, where it stands and how it looks is decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Of Prometheus itself, whose metrics tell how Sentinela is; the other source is Sentinela, which tells readings.
PROMETHEUS, READINGS = "prometheus", "sentinela"
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
    least: float | None = 0
    most: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels side by side under a title."""

    title: str
    panels: tuple[Panel, ...] = field(default=())


@dataclass(frozen=True)
class Choice:
    """What the reader picks at the top, several or all: the values of a label of these series."""

    name: str
    label: str
    series: str


def dashboard(
    uid: str, title: str, rows: Iterable[Row], *, source: str = PROMETHEUS, choices: Iterable[Choice] = ()
) -> Json:
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
        **({"templating": {"list": listed}} if (listed := [_choice(each, source) for each in choices]) else {}),
        "panels": _laid_out(rows, source),
    }


def _choice(choice: Choice, source: str) -> Json:
    query = f"label_values({choice.series}, {choice.name})"
    return {
        "type": "query",
        "name": choice.name,
        "label": choice.label,
        "datasource": _source(source),
        "query": {"qryType": 1, "query": query, "refId": choice.name},
        "definition": query,
        # Anew when the range of time changes.
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _source(uid: str) -> Json:
    # Sentinela answers as Prometheus does.
    return {"type": "prometheus", "uid": uid}


def _laid_out(rows: Iterable[Row], source: str) -> list[Json]:
    placed: list[Json] = []
    top = 0
    for row in rows:
        placed.append(_row(row.title, len(placed) + 1, top))
        top += 1
        height = _STAT_HEIGHT if all(panel.stat for panel in row.panels) else _HEIGHT
        width = _COLUMNS // len(row.panels)
        for place, panel in enumerate(row.panels):
            grid = {"x": place * width, "y": top, "w": width, "h": height}
            placed.append(_panel(panel, len(placed) + 1, grid, source))
        top += height
    return placed


def _row(title: str, number: int, top: int) -> Json:
    grid = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {"type": "row", "id": number, "title": title, "collapsed": False, "gridPos": grid, "panels": []}


def _panel(panel: Panel, number: int, grid: Json, source: str) -> Json:
    return {
        "type": "stat" if panel.stat else "timeseries",
        "id": number,
        "title": panel.title,
        "description": panel.text,
        "datasource": _source(source),
        "gridPos": grid,
        "targets": [_target(place, source, *query) for place, query in enumerate(panel.queries.items())],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _stat_options() if panel.stat else _graph_options(),
    }


def _target(place: int, source: str, expression: str, legend: str) -> Json:
    letter = chr(ord("A") + place)
    return {"refId": letter, "datasource": _source(source), "expr": expression, "legendFormat": legend or "__auto"}


def _defaults(panel: Panel) -> Json:
    steps = [{"color": "green", "value": None}, *({"color": color, "value": value} for value, color in panel.steps)]
    least = {} if panel.least is None else {"min": panel.least}
    defaults: Json = {"unit": panel.unit, **least, "thresholds": {"mode": "absolute", "steps": steps}}
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
