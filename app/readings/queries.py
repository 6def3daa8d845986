"""Statements over readings. Constants are what SQLAlchemy Core cannot say; their column lists follow QUANTITIES."""

from collections.abc import Sequence
from typing import Any, LiteralString

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import Insert, insert

from app.auth.tables import Workspace
from app.readings.tables import CustomQuantity, StoredReceipt

COPY_READINGS: LiteralString = (
    "COPY reading (server_id, ts, temperature, humidity, voltage, current, extra) FROM STDIN (FORMAT BINARY)"
)
COPY_STAGING: LiteralString = (
    "COPY staging (server_id, ts, temperature, humidity, voltage, current, extra) FROM STDIN (FORMAT BINARY)"
)
CREATE_STAGING: LiteralString = """
    CREATE TEMPORARY TABLE staging (
        server_id int, ts timestamptz,
        temperature float8, humidity float8, voltage float8, current float8, extra jsonb
    ) ON COMMIT DELETE ROWS
"""
CLEAR_STAGING: LiteralString = "DELETE FROM staging"
# The staging table has no statistics. Most of a batch may be new: those are joined by hash. What stays in it stands in
# `reading`: that is looked up by key, where the planner might read all of the table to join a few rows.
PLAN_BY_HASH: LiteralString = (
    "SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)"
)
PLAN_BY_KEY: LiteralString = (
    "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
# In key order, so that of two processes with the same new instants one waits for the other and never in a circle.
INSERT_NEW: LiteralString = """
    WITH inserted AS (
        INSERT INTO reading (server_id, ts, temperature, humidity, voltage, current, extra)
        SELECT server_id, ts, temperature, humidity, voltage, current, extra FROM staging ORDER BY server_id, ts
        ON CONFLICT (server_id, ts) DO NOTHING
        RETURNING server_id, ts
    )
    DELETE FROM staging USING inserted WHERE staging.server_id = inserted.server_id AND staging.ts = inserted.ts
"""
COPY_STORED: LiteralString = """
    COPY (
        SELECT known.server_id, known.ts, coalesce(known.temperature, 'NaN'), coalesce(known.humidity, 'NaN'),
               coalesce(known.voltage, 'NaN'), coalesce(known.current, 'NaN')
        FROM staging JOIN reading AS known USING (server_id, ts) ORDER BY server_id, ts FOR UPDATE OF known
    ) TO STDOUT (FORMAT BINARY)
"""
SELECT_STORED_EXTRAS: LiteralString = """
    SELECT known.server_id, (extract(epoch FROM known.ts) * 1000000)::int8, known.extra
    FROM staging JOIN reading AS known USING (server_id, ts) WHERE known.extra IS NOT NULL
"""
# Missing values fill in and the newest wins, a quantity at a time; a row that would not change is not rewritten.
UPDATE_STORED: LiteralString = """
    UPDATE reading AS known SET
        temperature = coalesce(sent.temperature, known.temperature),
        humidity = coalesce(sent.humidity, known.humidity),
        voltage = coalesce(sent.voltage, known.voltage),
        current = coalesce(sent.current, known.current),
        extra = coalesce(known.extra || sent.extra, sent.extra, known.extra)
    FROM staging AS sent
    WHERE known.server_id = sent.server_id AND known.ts = sent.ts
      AND (known.temperature, known.humidity, known.voltage, known.current, known.extra) IS DISTINCT FROM (
        coalesce(sent.temperature, known.temperature), coalesce(sent.humidity, known.humidity),
        coalesce(sent.voltage, known.voltage), coalesce(sent.current, known.current),
        coalesce(known.extra || sent.extra, sent.extra, known.extra)
    )
"""
# A key whose receipt is older than a day is free again.
CLAIM_RECEIPT: LiteralString = """
    INSERT INTO receipt AS known (workspace_id, receipt_ulid, idempotency_key, request_hash)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (workspace_id, idempotency_key) DO UPDATE
    SET receipt_ulid = excluded.receipt_ulid, request_hash = excluded.request_hash, answer = NULL, created_at = now()
    WHERE known.created_at < now() - interval '1 day'
    RETURNING receipt_ulid
"""
SELECT_RECEIPT_BY_KEY: LiteralString = """
    SELECT receipt_ulid, request_hash, answer FROM receipt WHERE workspace_id = %s AND idempotency_key = %s
"""
ANSWER_RECEIPT: LiteralString = "UPDATE receipt SET answer = %s WHERE workspace_id = %s AND receipt_ulid = %s"
RAISE_HISTORY_VERSIONS: LiteralString = """
    INSERT INTO server_history AS known (server_id, version)
    SELECT server_id, 1 FROM unnest(%s::int[]) AS changed (server_id) ORDER BY server_id
    ON CONFLICT (server_id) DO UPDATE SET version = known.version + 1
"""
INSERT_SENT: LiteralString = """
    INSERT INTO server_quantity (server_id, name)
    SELECT server_id, name FROM unnest(%s::int[], %s::text[]) AS sent (server_id, name) ORDER BY server_id, name
    ON CONFLICT DO NOTHING
"""


def custom_quantities(workspace_id: int) -> Select[str]:
    """Names of the workspace's custom quantities, in the order in which they were first sent."""
    statement = select(CustomQuantity.name).where(CustomQuantity.workspace_id == workspace_id)
    return statement.order_by(CustomQuantity.quantity_id)


def receipt_answer(workspace_id: int, receipt_ulid: str) -> Any:
    return select(StoredReceipt.answer).where(
        StoredReceipt.workspace_id == workspace_id, StoredReceipt.receipt_ulid == receipt_ulid
    )


# For `slices.delete_older`.
DELETE_OLD_RECEIPTS = text("""
    DELETE FROM receipt WHERE (workspace_id, receipt_ulid) IN (
        SELECT workspace_id, receipt_ulid FROM receipt WHERE created_at < :before ORDER BY created_at LIMIT :size
    ) RETURNING 1
""")


def lock_workspace(workspace_id: int) -> Select[int]:
    return select(Workspace.workspace_id).where(Workspace.workspace_id == workspace_id).with_for_update()


def insert_quantities(workspace_id: int, names: Sequence[str]) -> Insert:
    """Register quantities; one that another process was faster with stays as it is."""
    rows = [{"workspace_id": workspace_id, "name": name} for name in names]
    return insert(CustomQuantity).values(rows).on_conflict_do_nothing(constraint="uq_quantity_workspace_name")


SELECT_VERSIONS: LiteralString = """
    SELECT server_id, coalesce(version, 0) FROM server LEFT JOIN server_history USING (server_id)
    WHERE server_id = ANY(%(servers)s)
"""
# Of each instant the server's version (null: there is no such server), whether it stands as a row, and its segment's
# instants; in the order of the arrays, as one snapshot.
SELECT_ACKNOWLEDGED: LiteralString = """
    SELECT CASE WHEN server.server_id IS NOT NULL THEN coalesce(version, 0) END,
           EXISTS (SELECT FROM reading WHERE reading.server_id = wanted.server_id AND ts = wanted.at),
           segment.timestamps
    FROM unnest(%(servers)s::int[], %(instants)s::timestamptz[], %(hours)s::int[])
         WITH ORDINALITY AS wanted (server_id, at, hour, place)
         LEFT JOIN server ON server.server_id = wanted.server_id
         LEFT JOIN server_history ON server_history.server_id = wanted.server_id
         LEFT JOIN segment ON segment.server_id = wanted.server_id AND segment.hour = wanted.hour
    ORDER BY place
"""
