"""Dashboards, alert rules and the page about them name only what exists, and all of it."""

import json
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from app.compat.prometheus import parsing
from app.core import metrics
from deploy import metrics_page
from deploy.grafana import dashboards

ROOT = Path(__file__).parents[2]
FILES = sorted(dashboards.FOLDER.glob("*.json"))
CATALOGUE = metrics.catalogue()
KNOWN = {name: each for each in CATALOGUE for name in each.samples}
NAME = re.compile(r"\bsentinela_\w+")
SELECTED = re.compile(r"\b(sentinela_\w+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, str]] = group["rules"]
    return found


def expressions_of(file: Path) -> list[str]:
    panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def every_expression() -> list[str]:
    return [text for file in FILES for text in expressions_of(file)] + [rule["expr"] for rule in rules()]


def test_the_dashboards_are_what_the_script_writes() -> None:
    assert FILES
    assert dashboards.stale() == [], "run python -m deploy.grafana.dashboards"


def test_every_expression_names_metrics_that_exist() -> None:
    named = {name for text in every_expression() for name in NAME.findall(text)}
    assert len(named) > 40
    assert named - KNOWN.keys() == set()


def test_every_expression_asks_for_labels_that_exist() -> None:
    for text in every_expression():
        for name, selector in SELECTED.findall(text):
            asked = set(re.findall(r"(\w+)\s*[=!~]", selector))
            assert asked <= set(KNOWN[name].labels), text
        labels = {label for name in NAME.findall(text) for label in KNOWN[name].labels}
        grouped = {label.strip() for group in GROUPED.findall(text) for label in group.split(",")}
        assert grouped <= labels | {"le"}, text


def test_a_counter_is_only_asked_how_it_grows() -> None:
    """Its value alone says since when the processes run, and little else."""
    for text in every_expression():
        for name in NAME.findall(text):
            if KNOWN[name].kind == "counter":
                assert re.search(rf"(rate|increase)\({name}\b", text), text


def test_every_metric_is_shown() -> None:
    shown = {KNOWN[name].name for file in FILES for text in expressions_of(file) for name in NAME.findall(text)}
    assert {each.name for each in CATALOGUE} - shown == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_panels_do_not_overlap_and_have_numbers_of_their_own(file: Path) -> None:
    panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert grid["x"] + grid["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_dashboards_are_found_by_different_names() -> None:
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in FILES]
    assert len({document["uid"] for document in documents}) == len({d["title"] for d in documents}) == len(FILES)


def test_the_page_lists_every_metric_as_it_is() -> None:
    page = metrics_page.PAGE.read_text(encoding="utf-8")
    assert metrics_page.written(page) == page, "run python -m deploy.metrics_page"


def test_every_metric_says_what_it_is_and_in_which_unit() -> None:
    for each in CATALOGUE:
        assert len(each.text) > 5, each.name
        assert each.name == each.name.lower()
        if each.name.endswith("_timestamp_seconds"):
            assert "Unix time" in each.text, each.name
        elif each.name.endswith("_seconds"):
            assert each.text.endswith("seconds"), each.name
        if each.name.endswith("_bytes"):
            assert "bytes" in each.text, each.name
        assert (each.kind == "counter") == each.name.endswith("_total"), each.name


def test_every_alert_says_what_to_do() -> None:
    page = metrics_page.PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"\bSentinela[A-Z]\w+", page.split("## When an alert fires")[1].split("\n## ")[0]))
    assert told == {rule["alert"] for rule in rules()}


def test_the_provisioned_sources_are_those_that_panels_ask() -> None:
    folder = ROOT / "deploy/grafana/provisioning/datasources"
    sources = [each for path in folder.glob("*.yml") for each in yaml.safe_load(path.read_text())["datasources"]]
    asked = set()
    for file in FILES:
        document = json.loads(file.read_text(encoding="utf-8"))
        targets = [target for panel in document["panels"] for target in panel.get("targets", ())]
        asked |= {each["datasource"]["uid"] for each in (*targets, *document.get("templating", {}).get("list", ()))}
    assert asked == {each["uid"] for each in sources}


def test_the_key_of_the_readings_source_comes_from_the_environment() -> None:
    text = (ROOT / "deploy/grafana/provisioning/datasources/sentinela.yml").read_text(encoding="utf-8")
    assert "httpHeaderValue1: Bearer $SENTINELA_KEY" in text
    assert "SENTINELA_KEY: ${GRAFANA_KEY:-}" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_every_expression_about_readings_is_one_that_we_can_answer() -> None:
    """The others are Prometheus' to answer."""
    document = json.loads((dashboards.FOLDER / "readings.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in document["panels"] for target in panel.get("targets", ())]
    assert len(asked) > 10
    for text in asked:
        parsing.parse(text.replace("$__interval", "1m").replace("$server_name", "(oven|cellar)"), 300_000_000)
