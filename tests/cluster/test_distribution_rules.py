"""Every table that grows with readings can be distributed by server: the catalog says so."""

from collections.abc import Iterator

import psycopg
import pytest

from app.cluster import inspecting
from app.cluster.placement import DISTRIBUTED
from tests.system import System

# Tables with a `server_id` that grow with people, keys and rules instead, and stay on the coordinator.
OF_PEOPLE = {"server", "credential", "rule_state", "incident", "silence"}


@pytest.fixture
def connection(system: System) -> Iterator[inspecting.Connection]:
    """A transaction of the tables' owner that is rolled back."""
    with psycopg.connect(system.database_url) as connection:
        yield connection
        connection.rollback()


def test_every_table_of_servers_is_placed(connection: inspecting.Connection) -> None:
    """A new table with a `server_id` is either distributed or known to grow with something else."""
    found = connection.execute("""
        SELECT table_name
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND column_name = 'server_id' AND table_type = 'BASE TABLE'
    """).fetchall()
    assert {name for (name,) in found} - OF_PEOPLE == set(DISTRIBUTED)


def test_nothing_keeps_a_growing_table_from_being_distributed(connection: inspecting.Connection) -> None:
    assert inspecting.obstacles(connection) == []


def test_the_primary_keys_begin_with_the_server(connection: inspecting.Connection) -> None:
    found = connection.execute(
        """
        SELECT indrelid::regclass::text, attname FROM pg_index
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indisprimary AND indrelid::regclass::text = ANY(%s)
        """,
        [list(DISTRIBUTED)],
    ).fetchall()
    assert dict(found) == dict.fromkeys(DISTRIBUTED, "server_id")


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ("CREATE UNIQUE INDEX odd ON segment (hour) WHERE false", "segment: the unique index odd lacks server_id"),
        ("ALTER TABLE segment DROP CONSTRAINT segment_pkey", "segment: no primary key"),
        ("ALTER TABLE segment ADD FOREIGN KEY (server_id) REFERENCES server", "segment: the foreign key"),
        ("ALTER TABLE segment ADD COLUMN odd int GENERATED ALWAYS AS IDENTITY", "segment: the column odd counts"),
        (
            "CREATE TRIGGER odd AFTER INSERT ON segment EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "segment: the trigger odd",
        ),
    ],
)
def test_what_would_be_in_the_way_is_named(connection: inspecting.Connection, change: str, obstacle: str) -> None:
    connection.execute(change.encode())
    found = inspecting.obstacles(connection)
    assert len(found) == 1
    assert found[0].startswith(obstacle)
