"""Writes the list of metrics into docs/monitoring.md: `python -m deploy.metrics_page`; `--check` only compares."""

import os
import sys
import tempfile
from pathlib import Path

# Importing the metrics makes files of this process's own: not in a real data folder.
os.environ["DATA_DIR"] = os.environ.get("DATA_DIR") or tempfile.mkdtemp(prefix="sentinela-metrics-page-")

from app.core import metrics

PAGE = Path(__file__).parents[1] / "docs" / "monitoring.md"
BEGIN, END = "<!-- metrics -->\n", "<!-- /metrics -->\n"


def table() -> str:
    """Every metric that exists, in the order of app/core/metrics.py."""
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels) or '–'} | {each.text} |"
        for each in metrics.catalogue()
    ]
    return "\n".join(["| Metric | Kind | Labels | What it says |", "|---|---|---|---|", *rows]) + "\n"


def written(page: str) -> str:
    """The page with the list of today between its marks."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        sys.exit(None if written(page) == page else "docs/monitoring.md: run python -m deploy.metrics_page")
    PAGE.write_text(written(page), encoding="utf-8")


if __name__ == "__main__":
    main()
