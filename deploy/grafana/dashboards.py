"""Writes Grafana's dashboards into `dashboards/`: `python -m deploy.grafana.dashboards`; `--check` only compares."""

import json
import sys
from pathlib import Path

from deploy.grafana import readings
from deploy.grafana.panels import Json, Panel, Row, dashboard

FOLDER = Path(__file__).parent / "dashboards"
SECONDS, BYTES, SHARE, RATE = "s", "bytes", "percentunit", "reqps"
RED, ORANGE = "red", "orange"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How much a counter grows a second, over all processes."""
    grows = f"rate({metric}{{{where}}}[$__rate_interval])" if where else f"rate({metric}[$__rate_interval])"
    return f"sum by ({by}) ({grows})" if by else f"sum({grows})"


def quantile(share: float, histogram: str, by: str = "", where: str = "") -> str:
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', f'le, {by}' if by else 'le', where)})"


def quantiles(histogram: str, where: str = "", shares: tuple[float, ...] = (0.5, 0.95, 0.99)) -> dict[str, str]:
    """Expressions and legends."""
    return {quantile(share, histogram, where=where): f"p{share * 100:g}" for share in shares}


def grown(metric: str, where: str = "") -> str:
    """By how much in the last day."""
    return f"sum(increase({metric}{{{where}}}[24h]))" if where else f"sum(increase({metric}[24h]))"


def age(gauge: str) -> str:
    """Of a moment that a gauge tells."""
    return f"time() - {gauge}"


PROMISES = Row(
    "What was promised, last 24 hours",
    (
        Panel(
            "Acknowledged readings that are missing",
            {grown("sentinela_acknowledged_checks_total", 'outcome="missing"'): "missing"},
            stat=True,
            steps=((1, RED),),
            text="Each process looks for a few of its own again, at once and after their hour was sealed.",
        ),
        Panel(
            "Segments repaired or damaged",
            {grown("sentinela_segments_verified_total", 'outcome=~"repaired|damaged"'): "segments"},
            stat=True,
            steps=((1, RED),),
        ),
        Panel("Drift of the last sample", {"sentinela_segment_drift": "drift"}, stat=True, steps=((1e-9, RED),)),
        Panel(
            "Age of the rights",
            {age('sentinela_rights_read_timestamp_seconds{part="api"}'): "age"},
            SECONDS,
            stat=True,
            steps=((20, RED),),
            text="A revoked key is refused within a second. What Prometheus knows is up to a scrape (15 s) older.",
        ),
        Panel("Failed commits", {grown("sentinela_commit_failures_total"): "commits"}, stat=True, steps=((1, RED),)),
    ),
)
NOW = Row(
    "Now",
    (
        Panel("Readings a second", {rate("sentinela_readings_total"): "readings"}, stat=True),
        Panel("Servers", {"sentinela_servers": "{{status}}"}, stat=True),
        Panel("Incidents", {"sentinela_incidents": "{{state}}"}, stat=True, steps=((1, ORANGE),)),
        Panel("Disk left", {"sentinela_disk_free_bytes / sentinela_disk_size_bytes": "left"}, SHARE, stat=True),
        Panel("Version", {"count by (version) (sentinela_build_info)": "{{version}}"}, stat=True),
    ),
)
HTTP = Row(
    "HTTP",
    (
        Panel(
            "Requests by status", {rate("sentinela_http_requests_total", "status"): "{{status}}"}, RATE, stacked=True
        ),
        Panel(
            "Slowest routes, p99",
            {f"topk(8, {quantile(0.99, 'sentinela_http_request_seconds', 'method, route')})": "{{method}} {{route}}"},
            SECONDS,
        ),
        Panel("Password hashes a second", {rate("sentinela_password_hashes_total"): "argon2"}),
    ),
)
INGEST = Row(
    "Ingest",
    (
        Panel("Readings", {rate("sentinela_readings_total", "outcome"): "{{outcome}}"}, stacked=True),
        Panel("POST /data", quantiles("sentinela_http_request_seconds", 'method="POST", route="/data"'), SECONDS),
        Panel("Group commit", quantiles("sentinela_commit_seconds"), SECONDS),
    ),
)
GROUPS = Row(
    "Group commits",
    (
        Panel("Readings in a commit", quantiles("sentinela_batch_readings")),
        Panel(
            "Backlog",
            {
                "sum(sentinela_backlog_readings)": "waiting",
                "sum(sentinela_backlog_limit_readings)": "limit",
            },
            text="Past the limit readings get 503 with Retry-After.",
        ),
        Panel(
            "Acknowledged readings looked for again",
            {rate("sentinela_acknowledged_checks_total", "outcome"): "{{outcome}}"},
        ),
    ),
)
SEALING = Row(
    "Sealing",
    (
        Panel(
            "Age of what is due for sealing",
            {"sentinela_seal_lag_seconds": "oldest reading"},
            SECONDS,
            steps=((21_600, ORANGE),),
        ),
        Panel("Time of a slice", quantiles("sentinela_seal_slice_seconds"), SECONDS),
        Panel(
            "Sealed a second",
            {
                rate("sentinela_sealed_readings_total"): "readings",
                rate("sentinela_segments_written_total"): "segments",
                rate("sentinela_seal_failures_total"): "hours that failed",
            },
        ),
        Panel("Segments looked at", {rate("sentinela_segments_verified_total", "outcome"): "{{outcome}}"}),
    ),
)
STORAGE = Row(
    "Storage",
    (
        Panel("Disk by table", {"sentinela_storage_bytes": "{{table}}"}, BYTES, stacked=True),
        Panel("Readings as rows", {"sentinela_hot_readings": "rows"}),
        Panel("Segments", {"sentinela_segments": "segments"}),
        Panel("Disk left", {"sentinela_disk_free_bytes": "left", "sentinela_disk_size_bytes": "size"}, BYTES),
    ),
)
QUERIES = Row(
    "Queries",
    (
        Panel("Queries by outcome", {rate("sentinela_queries_total", "outcome"): "{{outcome}}"}, RATE, stacked=True),
        Panel("Time to answer, not cached", quantiles("sentinela_query_seconds"), SECONDS),
        Panel("What they were estimated to take", quantiles("sentinela_query_cost_seconds"), SECONDS),
    ),
)
CACHE = Row(
    "Cache and turns",
    (
        Panel("Cache", {rate("sentinela_query_cache_total", "outcome"): "{{outcome}}"}, RATE, stacked=True),
        Panel(
            "Share answered from the cache",
            {
                rate("sentinela_query_cache_total", where='outcome="hit"')
                + " / "
                + rate("sentinela_query_cache_total", where='outcome=~"hit|miss"'): "hits"
            },
            SHARE,
            most=1.0,
        ),
        Panel("Heavy queries that wait", {"sum(sentinela_queries_waiting)": "waiting"}),
    ),
)
DATABASE = Row(
    "PostgreSQL and Redis",
    (
        Panel(
            "Connections of the pools",
            {
                "sum by (state) (sentinela_database_connections)": "{{state}}",
                "sum(sentinela_database_pool_connections)": "limit",
            },
        ),
        Panel(
            "Slow statements and waits given up",
            {
                rate("sentinela_slow_statements_total"): "slow statements",
                rate("sentinela_database_pool_timeouts_total"): "no connection in time",
            },
        ),
        Panel("Redis does not answer", {rate("sentinela_redis_failures_total"): "failures"}),
    ),
)
TASKS = Row(
    "Tasks",
    (
        Panel("Tasks", {rate("sentinela_tasks_total", "task, outcome"): "{{task}} {{outcome}}"}),
        Panel("Time of a task, p95", {quantile(0.95, "sentinela_task_seconds", "task"): "{{task}}"}, SECONDS),
        Panel(
            "Age of a task when it begins, p95",
            {quantile(0.95, "sentinela_task_wait_seconds", "task"): "{{task}}"},
            SECONDS,
        ),
    ),
)
QUEUES = Row(
    "Queues and jobs",
    (
        Panel("Waiting tasks", {"sentinela_queue_tasks": "{{queue}}", "sentinela_queue_held_tasks": "held by workers"}),
        Panel("Oldest task", {"sentinela_queue_oldest_seconds": "{{queue}}"}, SECONDS),
        Panel("Jobs", {"sentinela_jobs": "{{state}}"}),
        Panel("Since a task last succeeded", {age("sentinela_task_succeeded_timestamp_seconds"): "{{task}}"}, SECONDS),
    ),
)
PRESENCE = Row(
    "Presence",
    (
        Panel("Servers", {"sentinela_servers": "{{status}}"}, stacked=True),
        Panel("Came and went", {rate("sentinela_presence_changes_total", "status"): "{{status}}"}),
        Panel("Until a change is written", quantiles("sentinela_presence_delay_seconds"), SECONDS),
        Panel(
            "Since the watcher's last look",
            {
                age("sentinela_watcher_look_timestamp_seconds"): "look",
                age("sentinela_measured_timestamp_seconds"): "measures",
            },
            SECONDS,
        ),
    ),
)
ALERTS = Row(
    "Rules and notifications",
    (
        Panel("Until a rule has decided", quantiles("sentinela_rule_evaluation_lag_seconds"), SECONDS),
        Panel(
            "Rules followed, incidents",
            {"sentinela_rules_followed": "rules at servers", "sentinela_incidents": "incidents {{state}}"},
        ),
        Panel(
            "Attempts to deliver",
            {rate("sentinela_notifications_total", "channel, outcome"): "{{channel}} {{outcome}}"},
        ),
        Panel(
            "Waiting notifications",
            {"sentinela_notifications_queued": "queued", "sentinela_notification_oldest_seconds": "oldest, s"},
        ),
    ),
)
DELIVERY = Row(
    "Delivery and live streams",
    (
        Panel(
            "From event to delivery, p95",
            {quantile(0.95, "sentinela_notification_seconds", "channel"): "{{channel}}"},
            SECONDS,
        ),
        Panel("Open live streams", {"sum(sentinela_streams)": "streams"}),
        Panel("Streams ended for a slow reader", {rate("sentinela_streams_dropped_total"): "a second"}),
    ),
)

DASHBOARDS = {
    "overview": dashboard("sentinela-overview", "Sentinela: overview", (PROMISES, NOW, INGEST, HTTP, QUERIES)),
    "storage": dashboard("sentinela-storage", "Sentinela: ingest and storage", (INGEST, GROUPS, SEALING, STORAGE)),
    "queries": dashboard("sentinela-queries", "Sentinela: queries and database", (QUERIES, CACHE, DATABASE, HTTP)),
    "work": dashboard(
        "sentinela-work", "Sentinela: tasks, presence, alerts", (TASKS, QUEUES, PRESENCE, ALERTS, DELIVERY)
    ),
    "readings": readings.DOCUMENT,
}


def text(document: Json) -> str:
    return json.dumps(document, indent=2) + "\n"


def stale() -> list[str]:
    """Files that are not what this script writes, or should not be there."""
    wanted = {f"{name}.json": text(document) for name, document in DASHBOARDS.items()}
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main() -> None:
    if "--check" in sys.argv[1:]:
        sys.exit(f"not up to date: {', '.join(stale())}" if stale() else 0)
    FOLDER.mkdir(exist_ok=True)
    for name, document in DASHBOARDS.items():
        (FOLDER / f"{name}.json").write_text(text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
