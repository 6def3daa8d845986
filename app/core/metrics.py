"""What is counted: every metric of the installation, each with its unit; docs/monitoring.md lists them.

Gauges are of the processes that live now (`livesum`, `livemin`, `livemax`), or what the last one said that measured
something for all of them (`mostrecent`).
"""

import platform

from app import __version__
from app.core.gathering import (
    CONTENT_TYPE,
    Counter,
    Gauge,
    Histogram,
    Observations,
    catalogue,
    exposition,
)

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "Observations", "catalogue", "exposition"]

# Seconds: a group commit takes 1 to 20 ms, a year's query up to a second.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Work that people wait for in minutes: tasks, deliveries.
_LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)

# --- The installation ---
BUILD = Gauge("sentinela_build_info", "Always 1; what runs", ["version", "python"], multiprocess_mode="livemax")
BUILD.labels(__version__, platform.python_version()).set(1)

# --- HTTP ---
REQUESTS = Counter("sentinela_http_requests_total", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "sentinela_http_request_seconds", "Time to answer, seconds", ["method", "route"], buckets=_SECONDS
)
PASSWORD_HASHES = Counter("sentinela_password_hashes_total", "Argon2 computations")
RIGHTS_READ = Gauge(
    "sentinela_rights_read_timestamp_seconds",
    "Unix time at which the process that lags most last read which rights hold; 1 s later it trusts no cache",
    # A label, because a gauge without any counts as 0 in every process that never sets it.
    ["part"],
    multiprocess_mode="livemin",
)

# --- Ingest ---
READINGS = Counter("sentinela_readings_total", "Readings by what became of them", ["outcome"])
COMMIT_SECONDS = Histogram("sentinela_commit_seconds", "Time of one group commit, seconds", buckets=_SECONDS)
BATCH_READINGS = Histogram(
    "sentinela_batch_readings", "Readings in one group commit", buckets=(1, 4, 16, 64, 256, 1024, 4096, 16384)
)
COMMIT_FAILURES = Counter("sentinela_commit_failures_total", "Group commits that failed and stored nothing")
BACKLOG = Gauge("sentinela_backlog_readings", "Readings waiting for their commit", multiprocess_mode="livesum")
BACKLOG_LIMIT = Gauge(
    "sentinela_backlog_limit_readings", "Readings that may wait before others get 503", multiprocess_mode="livesum"
)
ACKNOWLEDGED = Counter(
    "sentinela_acknowledged_checks_total",
    "Acknowledged readings looked for again: stored, missing, or changed (their history was written or deleted)",
    ["outcome"],
)

# --- Storage ---
SEALED = Counter("sentinela_sealed_readings_total", "Hot readings that left for a segment")
SEGMENTS = Counter("sentinela_segments_written_total", "Segments written by the sealer")
SEAL_LAG = Gauge(
    "sentinela_seal_lag_seconds",
    "Age of the oldest reading that is due for sealing, seconds",
    multiprocess_mode="mostrecent",
)
SEAL_SECONDS = Histogram(
    "sentinela_seal_slice_seconds",
    "Time of one transaction of the sealer, which keeps its hours locked, seconds",
    buckets=_SECONDS,
)
SEAL_FAILURES = Counter(
    "sentinela_seal_failures_total", "Hours that could not be sealed and were left for the next run"
)
VERIFIED = Counter("sentinela_segments_verified_total", "Segments looked at by what was found", ["outcome"])
DRIFT = Gauge(
    "sentinela_segment_drift",
    "Largest relative error of a statistic in the last sample of segments",
    multiprocess_mode="mostrecent",
)
STORED_SEGMENTS = Gauge(
    "sentinela_segments", "Segments in the database, as PostgreSQL estimates", multiprocess_mode="mostrecent"
)
HOT_READINGS = Gauge(
    "sentinela_hot_readings", "Readings that stand as rows, as PostgreSQL estimates", multiprocess_mode="mostrecent"
)
STORAGE_BYTES = Gauge(
    "sentinela_storage_bytes",
    "Disk that a table takes, with its indexes, bytes",
    ["table"],
    multiprocess_mode="mostrecent",
)
DISK_FREE = Gauge(
    "sentinela_disk_free_bytes",
    "Room left where DATA_DIR is (under `up` the databases, too), bytes",
    multiprocess_mode="mostrecent",
)
DISK_SIZE = Gauge("sentinela_disk_size_bytes", "Room there is where DATA_DIR is, bytes", multiprocess_mode="mostrecent")

# --- Queries ---
QUERIES = Counter(
    "sentinela_queries_total",
    "Queries of readings by outcome: answered, failed, abandoned, busy (429), refused (422), not_modified (304)",
    ["outcome"],
)
QUERY_CACHE = Counter(
    "sentinela_query_cache_total",
    "Answers looked for in the cache: hit, miss, or open where the range is too young to be kept",
    ["outcome"],
)
QUERY_SECONDS = Histogram(
    "sentinela_query_seconds", "Time to compute and write one answer that was not cached, seconds", buckets=_SECONDS
)
QUERY_COST = Histogram(
    "sentinela_query_cost_seconds", "What a query was estimated to take, seconds", buckets=(*_SECONDS, 60.0)
)
QUERIES_WAITING = Gauge(
    "sentinela_queries_waiting", "Heavy queries that wait for their turn", multiprocess_mode="livesum"
)

# --- PostgreSQL and Redis ---
CONNECTIONS = Gauge(
    "sentinela_database_connections",
    "Connections of the processes' pools: open, and of these in_use",
    ["state"],
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "sentinela_database_pool_connections", "Connections that all pools may hold", multiprocess_mode="livesum"
)
POOL_TIMEOUTS = Counter("sentinela_database_pool_timeouts_total", "Waits for a connection that were given up (503)")
SLOW_STATEMENTS = Counter("sentinela_slow_statements_total", "Statements that took longer than SLOW_QUERY_MS")
REDIS_FAILURES = Counter("sentinela_redis_failures_total", "Times that Redis did not answer, and is left alone for 1 s")

# --- Tasks ---
TASKS = Counter("sentinela_tasks_total", "Celery tasks by outcome", ["task", "outcome"])
TASK_SECONDS = Histogram("sentinela_task_seconds", "Time that a task took, seconds", ["task"], buckets=_LONG)
TASK_WAIT = Histogram(
    "sentinela_task_wait_seconds", "Age of a task when a worker began it, seconds", ["task"], buckets=_LONG
)
TASK_SUCCEEDED = Gauge(
    "sentinela_task_succeeded_timestamp_seconds",
    "Unix time at which a task last succeeded",
    ["task"],
    multiprocess_mode="mostrecent",
)
QUEUE_TASKS = Gauge(
    "sentinela_queue_tasks", "Tasks waiting in a queue for a worker", ["queue"], multiprocess_mode="mostrecent"
)
QUEUE_AGE = Gauge(
    "sentinela_queue_oldest_seconds",
    "Age of the oldest task in a queue, seconds",
    ["queue"],
    multiprocess_mode="mostrecent",
)
QUEUE_HELD = Gauge(
    "sentinela_queue_held_tasks", "Tasks that workers hold, begun or about to be", multiprocess_mode="mostrecent"
)
JOBS = Gauge("sentinela_jobs", "Imports, exports, deletions by state", ["state"], multiprocess_mode="mostrecent")

# --- Presence ---
SERVERS = Gauge("sentinela_servers", "Servers by presence", ["status"], multiprocess_mode="mostrecent")
PRESENCE_CHANGES = Counter("sentinela_presence_changes_total", "Servers that came or went", ["status"])
PRESENCE_DELAY = Histogram(
    "sentinela_presence_delay_seconds",
    "Time from the moment at which a server came or went until that was written down, seconds",
    buckets=_SECONDS,
)
WATCHER_LOOK = Gauge(
    "sentinela_watcher_look_timestamp_seconds",
    "Unix time of the watcher's last look at presence and rules",
    multiprocess_mode="mostrecent",
)
MEASURED = Gauge(
    "sentinela_measured_timestamp_seconds",
    "Unix time at which the watcher last measured queues, tables, presence and notifications",
    multiprocess_mode="mostrecent",
)

# --- Alerts ---
RULE_LAG = Histogram(
    "sentinela_rule_evaluation_lag_seconds",
    "Longest time that a stored reading waited until its rules' decision was committed, by look, seconds",
    buckets=_SECONDS,
)
RULES_FOLLOWED = Gauge(
    "sentinela_rules_followed", "Pairs of a rule and a server that are followed", multiprocess_mode="mostrecent"
)
INCIDENTS = Gauge("sentinela_incidents", "Incidents that are not resolved", ["state"], multiprocess_mode="mostrecent")
NOTIFICATIONS = Counter("sentinela_notifications_total", "Attempts to deliver", ["channel", "outcome"])
NOTIFICATION_SECONDS = Histogram(
    "sentinela_notification_seconds", "Time from an event until it was delivered, seconds", ["channel"], buckets=_LONG
)
NOTIFICATIONS_QUEUED = Gauge(
    "sentinela_notifications_queued", "Notifications that wait for an attempt", multiprocess_mode="mostrecent"
)
NOTIFICATION_AGE = Gauge(
    "sentinela_notification_oldest_seconds",
    "How long the notification that is due longest has been so, seconds",
    multiprocess_mode="mostrecent",
)

# --- Live ---
STREAMS = Gauge("sentinela_streams", "Open live streams", multiprocess_mode="livesum")
STREAMS_DROPPED = Counter("sentinela_streams_dropped_total", "Live streams ended because their reader was too slow")
