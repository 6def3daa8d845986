"""`./sentinela bench plots`: the pictures of docs/performance.md, from the JSON that benches have written.

    ./sentinela bench plots bench/results --output docs/images

`soak.json`, `query.json` and `storage.json`, whichever are there, become `bench-soak.svg` and so on. On a
white card, so that they are legible on a dark page too; with text as text, which keeps them small.
"""

import json
import re
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.soak_samples import course

# By hue and by lightness, so that they differ in grey as well (Okabe and Ito).
OURS, OTHER, THIRD, FOURTH, FIFTH, SIXTH = "#0072b2", "#9a9a9a", "#d55e00", "#009e73", "#cc79a7", "#e69f00"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sentinela",
    # The first one measures; a browser without it takes the next.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "path.simplify_threshold": 1.0,
}
# Of a point, which is what a number in a picture counts; matplotlib writes millionths.
_HUNDREDTHS = re.compile(r"(\d\.\d\d)\d+")
_INDENTED = re.compile(r"\s*\n\s*")
Document = dict[str, Any]
# Of a soak: points of a line, each the median of the samples in it; what is worst in them is drawn beside it.
POINTS = 90


def soak(document: Document) -> Figure:
    """Times, memory and disk over the minutes."""
    samples = document["samples"]
    figure, panes = _panes(3, height=7.2)
    minutes, groups = _grouped(samples)

    def draw(pane: Axes, label: str, colour: str, *path: str) -> None:
        values = [median(course(group, *path)) for group in groups]
        pane.plot(minutes, values, color=colour, label=label, lw=1.2)

    for label, colour, name in (("p99", OURS, "p99_ms"), ("p50", FOURTH, "p50_ms"), ("worst", OTHER, "worst_ms")):
        draw(panes[0], label, colour, name)
    panes[0].set(yscale="log", ylabel="acknowledged after, ms")
    panes[0].minorticks_off()
    panes[0].yaxis.set_major_formatter("{x:,g}")
    for name, colour in zip(samples[0]["memory"], (OURS, THIRD, SIXTH, FIFTH, OTHER, FOURTH), strict=True):
        # PostgreSQL's processes share most of theirs.
        kind = "pss" if name == "PostgreSQL" else "rss"
        draw(panes[1], f"{name} ({kind.upper()})", colour, "memory", name, f"{kind}_mb")
    panes[1].set(ylabel="memory, MB", ylim=(0, None))
    disk = (
        ("database", OURS, "database_mb"),
        ("of it rows", THIRD, "rows_mb"),
        ("of it segments", FOURTH, "segments_mb"),
    )
    for label, colour, name in (*disk, ("WAL", OTHER, "wal_mb")):
        draw(panes[2], label, colour, "disk", name)
    panes[2].set(ylabel="on disk, MB", xlabel="minutes", ylim=(0, None))
    options = document["options"]
    panes[0].set_title(f"{options['rate']:,.0f} readings a second from {options['servers']} servers", loc="left")
    return _with_legends(figure, panes)


def _grouped(samples: list[Document]) -> tuple[list[float], list[list[Document]]]:
    size = -(-len(samples) // POINTS)
    groups = [samples[start : start + size] for start in range(0, len(samples), size)]
    return [group[-1]["second"] / 60 for group in groups], groups


def query(document: Document) -> Figure:
    """Every question's median, and that of the others beside those that they answer as well."""
    lines = {line["name"]: median(line["seconds"]) * 1e3 for line in document["lines"]}
    shared = {"minute means of a day": "one server", "minute means, fleet": "all servers"}
    asked = {line["name"]: line for line in document["lines"]}
    figure, (own, peers) = _panes(2, height=7.4, ratios=(3, 2), shared=False)
    ours = {name: lines[name] for name, line in asked.items() if line["estimate"] or "over HTTP" in name}
    _bars(own, ours, lambda _: OURS)
    own.set_title("GET /data over sealed history, median", loc="left")
    beside: dict[str, float] = {}
    for question, servers in shared.items():
        beside |= {
            f"{name.partition(':')[0]}, {servers}": ms for name, ms in lines.items() if name.endswith(f": {question}")
        }
        beside[f"Sentinela, {servers}"] = lines[question]
    _bars(peers, beside, lambda name: OURS if name.startswith("Sentinela") else OTHER)
    peers.set_title("minute means of a day, against others", loc="left")
    for pane in (own, peers):
        # A bar begins at a millisecond, so that all panes and pictures compare.
        pane.set(xscale="log", xlabel="ms", xlim=(1, None))
        pane.minorticks_off()
        pane.xaxis.set_major_formatter("{x:,g}")
    return figure


def storage(document: Document) -> Figure:
    """Bytes a reading, ours and the others'."""
    figure, (pane,) = _panes(1, height=2.9)
    sizes = dict(sorted(document["figures"]["sizes"].items(), key=lambda item: item[1]))
    _bars(pane, sizes, lambda name: OURS if name.startswith("segments") else OTHER)
    pane.set(xlabel="bytes a reading of four quantities, on disk with all indexes")
    return figure


def _bars(pane: Axes, values: dict[str, float], colour: Callable[[str], str]) -> None:
    bars = pane.barh(list(values), list(values.values()), color=[colour(name) for name in values], height=0.7)
    pane.bar_label(
        bars, labels=[f"{value:,.3g}" if value < 100 else f"{value:,.0f}" for value in values.values()], padding=3
    )
    pane.invert_yaxis()
    pane.grid(visible=False, axis="y")
    pane.margins(x=0.12)


def _panes(
    count: int, *, height: float, ratios: Iterable[int] | None = None, shared: bool = True
) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(8, height), layout="constrained", facecolor="white")
    grid = figure.subplots(count, 1, sharex=shared, squeeze=False, height_ratios=list(ratios) if ratios else None)
    return figure, [row[0] for row in grid]


def _with_legends(figure: Figure, panes: list[Axes]) -> Figure:
    for pane in panes:
        pane.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


PLOTS: dict[str, Callable[[Document], Figure]] = {"soak": soak, "query": query, "storage": storage}


def run(folder: Path, output: Path) -> list[Path]:
    """Draw whatever the folder has; the pictures that were written."""
    written = []
    with mpl.rc_context(STYLE):
        for name, draw in PLOTS.items():
            source, picture = folder / f"{name}.json", output / f"bench-{name}.svg"
            if source.exists():
                drawn = StringIO()
                draw(json.loads(source.read_text())).savefig(
                    drawn, format="svg", metadata={"Date": None, "Creator": None}
                )
                picture.write_text(_INDENTED.sub("\n", _HUNDREDTHS.sub(r"\1", drawn.getvalue())))
                written.append(picture)
    return written
