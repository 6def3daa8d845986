"""Alert rules as Prometheus itself sees them: valid, silent on a good day, and each fires on its bad one.

Needs promtool and prometheus (Debian: apt-get install prometheus); `.ci/run` installs them.
"""

import json
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from tests.monitoring.test_dashboards import every_expression, rules
from tests.system import System, free_port

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
pytestmark = pytest.mark.skipif(
    not (PROMTOOL and PROMETHEUS), reason="LEFT OUT: promtool and prometheus are not here (apt-get install prometheus)"
)
START_SECONDS = 60.0
# What the gauges and counters say on a good day, minute by minute, in the notation of promtool.
GOOD = {
    'up{job="sentinela"}': "1x300",
    'sentinela_acknowledged_checks_total{outcome="missing"}': "0x300",
    'sentinela_segments_verified_total{outcome="damaged"}': "0x300",
    'sentinela_segments_verified_total{outcome="repaired"}': "0x300",
    "sentinela_segment_drift": "0x300",
    'sentinela_rights_read_timestamp_seconds{part="api"}': "0+60x300",
    'sentinela_http_requests_total{method="GET",route="/data",status="200"}': "0+6000x300",
    'sentinela_http_requests_total{method="GET",route="/data",status="500"}': "0x300",
    "sentinela_commit_failures_total": "0x300",
    "sentinela_backlog_readings": "100x300",
    "sentinela_backlog_limit_readings": "200000x300",
    'sentinela_commit_seconds_bucket{le="0.01"}': "0+6000x300",
    'sentinela_commit_seconds_bucket{le="1.0"}': "0+6000x300",
    'sentinela_commit_seconds_bucket{le="+Inf"}': "0+6000x300",
    'sentinela_queries_total{outcome="busy"}': "0x300",
    "sentinela_disk_free_bytes": "500x300",
    "sentinela_disk_size_bytes": "1000x300",
    "sentinela_seal_lag_seconds": "60x300",
    "sentinela_seal_failures_total": "0x300",
    'sentinela_task_succeeded_timestamp_seconds{task="readings.seal"}': "0+60x300",
    'sentinela_task_succeeded_timestamp_seconds{task="readings.verify_sample"}': "0+60x300",
    'sentinela_task_succeeded_timestamp_seconds{task="jobs.sweep"}': "0+60x300",
    "sentinela_watcher_look_timestamp_seconds": "0+60x300",
    "sentinela_measured_timestamp_seconds": "0+60x300",
    'sentinela_rule_evaluation_lag_seconds_bucket{le="1.0"}': "0+120x300",
    'sentinela_rule_evaluation_lag_seconds_bucket{le="10.0"}': "0+120x300",
    'sentinela_rule_evaluation_lag_seconds_bucket{le="+Inf"}': "0+120x300",
    'sentinela_queue_oldest_seconds{queue="notify"}': "1x300",
    'sentinela_queue_oldest_seconds{queue="bulk"}': "3000x300",
    'sentinela_tasks_total{task="jobs.sweep",outcome="failed"}': "0x300",
    "sentinela_notification_oldest_seconds": "2x300",
    'sentinela_notifications_total{channel="webhook",outcome="dead"}': "0x300",
    'sentinela_database_connections{state="in_use"}': "3x300",
    "sentinela_database_pool_connections": "20x300",
    "sentinela_database_pool_timeouts_total": "0x300",
    "sentinela_redis_failures_total": "0x300",
}
# Of each alert what is different on its bad day, from the 100th minute on.
BAD = {
    "SentinelaReadingMissing": {'sentinela_acknowledged_checks_total{outcome="missing"}': "0x100 1x300"},
    "SentinelaSegmentDamaged": {'sentinela_segments_verified_total{outcome="damaged"}': "0x100 2x300"},
    "SentinelaSegmentRepaired": {'sentinela_segments_verified_total{outcome="repaired"}': "0x100 2x300"},
    "SentinelaRightsStale": {'sentinela_rights_read_timestamp_seconds{part="api"}': "0+60x100 6000x300"},
    "SentinelaDown": {'up{job="sentinela"}': "1x100 0x300"},
    "SentinelaErrors": {'sentinela_http_requests_total{method="GET",route="/data",status="500"}': "0x100 120+120x300"},
    "SentinelaCommitsFail": {"sentinela_commit_failures_total": "0x100 1+1x300"},
    "SentinelaBacklog": {"sentinela_backlog_readings": "100x100 150000x300"},
    "SentinelaCommitsSlow": {'sentinela_commit_seconds_bucket{le="0.01"}': "0+6000x100 600000+5000x300"},
    "SentinelaQueriesBusy": {'sentinela_queries_total{outcome="busy"}': "0x100 1+1x300"},
    "SentinelaDiskLow": {"sentinela_disk_free_bytes": "500x100 80x300"},
    "SentinelaDiskFull": {"sentinela_disk_free_bytes": "500x100 20x300"},
    "SentinelaSealingBehind": {"sentinela_seal_lag_seconds": "60x100 40000x300"},
    "SentinelaSealFails": {"sentinela_seal_failures_total": "0x100 1+1x300"},
    "SentinelaTaskOverdue": {'sentinela_task_succeeded_timestamp_seconds{task="readings.seal"}': "0+60x100 6000x300"},
    "SentinelaWatcherGone": {"sentinela_watcher_look_timestamp_seconds": "0+60x100 6000x300"},
    "SentinelaRulesLate": {'sentinela_rule_evaluation_lag_seconds_bucket{le="1.0"}': "0+120x100 12000x300"},
    "SentinelaQueueOld": {'sentinela_queue_oldest_seconds{queue="notify"}': "1x100 90x300"},
    "SentinelaTasksFail": {'sentinela_tasks_total{task="jobs.sweep",outcome="failed"}': "0x100 1x300"},
    "SentinelaNotificationsLate": {"sentinela_notification_oldest_seconds": "2x100 400x300"},
    "SentinelaNotificationsDead": {'sentinela_notifications_total{channel="webhook",outcome="dead"}': "0x100 1x300"},
    "SentinelaPoolFull": {'sentinela_database_connections{state="in_use"}': "3x100 20x300"},
    "SentinelaRedisAway": {"sentinela_redis_failures_total": "0x100 60+60x300"},
}
# A disk that is all but full is low, too.
ALSO = {"SentinelaDiskFull": {"SentinelaDiskLow"}}
BEGINS = 100
# How many minutes after that an alert must fire; rules with `for: 1h` and the like take longer.
FIRES_WITHIN = {"SentinelaSealingBehind": 35, "SentinelaSealFails": 70, "SentinelaTaskOverdue": 25}
SOON = 12


def promtool(*arguments: str) -> str:
    done = subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_configuration_and_rules_are_valid() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "config", str(FOLDER / "prometheus.yml"))


def day(name: str, changes: dict[str, str], fires: dict[int, set[str]]) -> dict[str, object]:
    """A test of promtool's: what stands differently, and which alerts fire at which minute."""
    series = [{"series": each, "values": values} for each, values in (GOOD | changes).items()]
    queries = [
        {
            "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(alerts)],
        }
        for minute, alerts in fires.items()
    ]
    return {"name": name, "interval": "1m", "input_series": series, "promql_expr_test": queries}


def test_each_alert_fires_on_its_bad_day_alone_and_none_on_a_good_one(tmp_path: Path) -> None:
    days = [day("a good day", {}, {BEGINS: set(), 250: set()})]
    for name, changes in BAD.items():
        fires = {BEGINS - 1: set(), BEGINS + FIRES_WITHIN.get(name, SOON): {name} | ALSO.get(name, set())}
        days.append(day(name, changes, fires))
    document = {"rule_files": [str(FOLDER / "alerts.yml")], "evaluation_interval": "1m", "tests": days}
    file = tmp_path / "days.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    promtool("test", "rules", str(file))


def test_every_alert_has_its_bad_day() -> None:
    assert set(BAD) == {rule["alert"] for rule in rules()}


def test_a_real_prometheus_understands_metrics_dashboards_and_alerts(system: System, tmp_path: Path) -> None:
    """Scrapes the running system, loads the rules, and is asked every expression of every panel."""
    port = free_port()
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["rule_files"] = [str(FOLDER / "alerts.yml")]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{system.port}"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [str(PROMETHEUS), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as asked:
                wait_for_scrapes(asked, tmp_path / "log")
                ask_everything(asked)
        finally:
            process.terminate()


def wait_for_scrapes(asked: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (is_ready(asked) and answer(asked, 'count_over_time(up{job="sentinela"}[1m]) >= 2')):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def is_ready(asked: httpx.Client) -> bool:
    try:
        return asked.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def answer(asked: httpx.Client, expression: str) -> list[dict[str, list[str]]]:
    response = asked.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    document = response.json()
    assert document["status"] == "success", (expression, json.dumps(document))
    found: list[dict[str, list[str]]] = document["data"]["result"]
    return found


def ask_everything(asked: httpx.Client) -> None:
    assert answer(asked, 'up{job="sentinela"}')[0]["value"][1] == "1"
    for expression in every_expression():
        answer(asked, expression.replace("$__rate_interval", "1m").replace("$__interval", "1m"))
    health = {rule["name"]: rule["health"] for rule in asked.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]}
    assert set(health) == set(BAD)
    assert {name for name, state in health.items() if state == "err"} == set()
