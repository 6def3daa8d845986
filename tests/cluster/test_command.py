"""`sentinela cluster`, on a PostgreSQL without Citus, and on the Citus that SENTINELA_TEST_CITUS names."""

import json
import re

import psycopg
import pytest

from app.cli.cluster import cluster
from app.cluster.placement import DISTRIBUTED
from app.core import migrate
from app.core.settings import Settings, get_settings
from tests.cli.commands import Done, run_here
from tests.cluster.citus import citus_or_skip
from tests.system import System


@pytest.fixture
def on_one_machine(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    use(system.database_url, monkeypatch)


def use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    get_settings.cache_clear()
    monkeypatch.setattr("app.cli.cluster.get_settings", lambda: Settings(_env_file=None))


def run(*arguments: str) -> Done:
    return run_here(cluster, "", "", *arguments)


@pytest.mark.usefixtures("on_one_machine")
def test_a_dry_run_shows_the_statements_on_any_postgresql() -> None:
    done = run("distribute", "--dry-run", "--shards", "48")
    assert done.code == 0, done.err
    assert re.findall(r"create_distributed_table\('(\w+)', 'server_id'", done.out) == list(DISTRIBUTED)
    assert "colocate_with => 'none', shard_count => 48" in done.out
    # Citus refuses the subquery of this policy, and connects as the owner.
    assert "DROP POLICY own_workspace ON reading;" in done.out
    assert "ALTER TABLE reading OWNER TO CURRENT_USER;" in done.out
    assert "no citus extension" in done.err


@pytest.mark.usefixtures("on_one_machine")
def test_without_citus_nothing_is_distributed_and_the_mend_is_said() -> None:
    done = run("distribute")
    assert (done.code, done.out) == (1, "")
    assert "CREATE EXTENSION citus" in done.err


@pytest.mark.usefixtures("on_one_machine")
def test_the_status_of_one_machine() -> None:
    done = run("status", "--json")
    found = json.loads(done.out)
    assert (done.code, found["citus"], found["nodes"], found["obstacles"]) == (0, None, [], [])
    assert [table["table"] for table in found["tables"]] == list(DISTRIBUTED)


def test_on_citus_the_tables_are_distributed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers without a number of ours: other tests have been here, too."""
    url = citus_or_skip("distributing")
    migrate.upgrade(Settings(_env_file=None, database_url=url))
    use(url, monkeypatch)
    assert "--trial" in run("distribute").err
    done = run("distribute", "--trial")
    assert done.code == 0, done.err
    assert "nothing to do" in run("distribute", "--trial").err
    found = json.loads(run("status", "--json").out)
    assert {table["shards"] for table in found["tables"]} == {32}
    assert len({table["group"] for table in found["tables"]}) == 1
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO reading (server_id, ts, temperature) VALUES (-1, now(), 20.5), (-2, now(), 21.5)"
        )
        query = "SELECT count(*), sum(temperature) FROM reading WHERE server_id < 0"
        assert connection.execute(query).fetchone() == (2, 42.0)
        connection.rollback()
