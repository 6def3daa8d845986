"""Ten thousand members, keys, servers and entries of the record: the last page costs what the first one does."""

import statistics
import time
from collections.abc import Callable

import httpx
import psycopg
import pytest

from tests.conftest import NewUser, User
from tests.system import System

ROWS = 10_000
PAGE = 100
ROUNDS = 9
# Without keysets the last page costs a hundred times the first; measured, both take the same few milliseconds.
AT_MOST_TIMES = 5.0
AT_MOST_SECONDS = 0.25

# Each takes the workspace's number twice or once; what is made is unlike anything that the API would make.
FILL = {
    "members": [
        """INSERT INTO user_account (user_ulid, username, password_hash)
           SELECT 'FILL' || %(workspace)s || '-' || n, 'filler-' || %(workspace)s || '-' || n, ''
           FROM generate_series(1, %(rows)s) AS n""",
        """INSERT INTO membership (workspace_id, user_id, role)
           SELECT %(workspace)s, user_id, 'viewer' FROM user_account
           WHERE user_ulid LIKE 'FILL' || %(workspace)s || '-%%'""",
    ],
    "keys": [
        # As many device keys among them, which a page of API keys passes over.
        """INSERT INTO credential (credential_ulid, key_hash, prefix, workspace_id, name, scopes, server_id)
           SELECT %(workspace)s || '-' || lpad(n::text, 9, '0'), sha256((%(workspace)s || '-' || n)::bytea), 'snt_k_',
                  %(workspace)s, 'filler', '{read}',
                  CASE WHEN n %% 2 = 0 THEN (SELECT min(server_id) FROM server WHERE workspace_id = %(workspace)s) END
           FROM generate_series(1, 2 * %(rows)s) AS n""",
    ],
    "servers": [
        """INSERT INTO server (server_ulid, workspace_id, name)
           SELECT 'FILL' || %(workspace)s || '-' || n, %(workspace)s, 'filler ' || n
           FROM generate_series(1, %(rows)s) AS n""",
    ],
    "audit": [
        """INSERT INTO audit_log (workspace_id, audit_ulid, actor_kind, actor_ulid, action, target, request_id)
           SELECT %(workspace)s, lpad(n::text, 26, '0'), 'user', 'FILL', 'server.change', n::text, ''
           FROM generate_series(1, %(rows)s) AS n""",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def crowded(client: httpx.Client, system: System, new_user: NewUser) -> User:
    """Somebody whose workspace holds ten thousand of everything."""
    user = new_user()
    client.post("/servers", json={"server_name": "first"}, headers=user.headers).raise_for_status()
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        row = connection.execute("SELECT workspace_id FROM workspace WHERE name = %s", (user.username,)).fetchone()
        assert row
        for statements in FILL.values():
            for statement in statements:
                connection.execute(statement, {"workspace": row[0], "rows": ROWS})
        connection.execute("ANALYZE user_account, membership, credential, server, audit_log")
    return user


@pytest.fixture
def last_page(client: httpx.Client, crowded: User) -> Callable[[str], tuple[str, int]]:
    """Walk through a list to its last page: its address, and how many rows there were."""

    def walk(path: str) -> tuple[str, int]:
        following, rows = f"{path}?limit=1000", 0
        while following:
            path, answer = following, client.get(following, headers=crowded.headers)
            rows += len(answer.json())
            following = answer.links.get("next", {}).get("url", "")
        return path, rows

    return walk


def seconds(client: httpx.Client, user: User, path: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answer = client.get(path, headers=user.headers)
        taken.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
        assert answer.json()
    return statistics.median(taken)


@pytest.mark.parametrize("name", FILL)
def test_the_last_page_costs_what_the_first_does(
    client: httpx.Client, crowded: User, last_page: Callable[[str], tuple[str, int]], name: str
) -> None:
    (own,) = client.get("/auth/me", headers=crowded.headers).json()["workspaces"]
    path = f"/workspaces/{own['workspace_ulid']}/members" if name == "members" else f"/{name}"
    last, rows = last_page(path)
    assert ROWS <= rows <= ROWS + 10
    first = seconds(client, crowded, f"{path}?limit={PAGE}")
    late = seconds(client, crowded, last.replace("limit=1000", f"limit={PAGE}"))
    assert late <= max(AT_MOST_TIMES * first, AT_MOST_SECONDS), (first, late)
    print(f"{name}: first page {first * 1000:.1f} ms, last {late * 1000:.1f} ms")
