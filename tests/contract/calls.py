"""The requests that many contract tests make, and the words they make them in."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.conftest import Server, User
from tests.system import System

# Long past, so that none of these readings is young: ranges over them are closed and may be cached.
START = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)

Row = dict[str, Any]


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def unique(prefix: str) -> str:
    """A name that no other test uses, lower case so that case-folding leaves it alone."""
    return f"{prefix}-{secrets.token_hex(6)}"


def stamp(**after: float) -> str:
    """START plus the given timedelta arguments, as an instant in UTC."""
    return (START + timedelta(**after)).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant an answer shows; every answer is in UTC and says so with Z."""
    assert text.endswith("Z"), f"{text} does not end with Z"
    return datetime.fromisoformat(text)


def post(client: httpx.Client, server: Server, **reading: Any) -> Row:
    """Store one reading with the server's own key; the stored reading of the answer."""
    body = {"server_ulid": server.ulid, **reading}
    response = client.post("/data", json=body, headers=server.headers)
    assert response.status_code == 201, response.text
    stored: Row = response.json()
    return stored


def post_many(client: httpx.Client, server: Server, readings: list[Row]) -> Row:
    """Store an array with the server's own key; the receipt."""
    body = [{"server_ulid": server.ulid, **reading} for reading in readings]
    response = client.post("/data", json=body, headers=server.headers)
    assert response.status_code == 201, response.text
    receipt: Row = response.json()
    return receipt


def readings(client: httpx.Client, user: User, **filters: Any) -> list[Row]:
    """What GET /data shows this user."""
    response = client.get("/data", params=filters, headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    assert isinstance(rows, list)
    return rows


def readings_of(client: httpx.Client, user: User, server: Server, **filters: Any) -> list[Row]:
    """What GET /data shows this user of one server."""
    return readings(client, user, server_ulid=server.ulid, **filters)


def column(rows: list[Row], name: str) -> list[Any]:
    return [row[name] for row in rows]


def connect(system: System) -> httpx.Client:
    """A client on a connection of its own, which any of the API's processes may take."""
    return httpx.Client(base_url=system.url, timeout=30, trust_env=False)


def register(client: httpx.Client, username: str, password: str, **more: Any) -> httpx.Response:
    return client.post("/auth/register", json={"username": username, "password": password, **more})


def log_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    return client.post("/auth/login", json={"username": username, "password": password})


def session_of(client: httpx.Client, user: User) -> Row:
    """Log in once more: a session of its own, beside the fixture's."""
    response = log_in(client, user.username, user.password)
    assert response.status_code == 200, response.text
    session: Row = response.json()
    return session


def new_key(client: httpx.Client, user: User, **wishes: Any) -> Row:
    """Create an API key; the answer, with the key shown this once."""
    response = client.post("/keys", json={"name": unique("key"), **wishes}, headers=user.headers)
    assert response.status_code == 201, response.text
    created: Row = response.json()
    return created


def metric(client: httpx.Client, name: str, **labels: str) -> float:
    """The sum of a metric's samples that carry these labels; 0 where there is none yet."""
    response = client.get("/metrics")
    assert response.status_code == 200
    return sum(_samples(response.text, name, labels))


def _samples(text: str, name: str, labels: Mapping[str, str]) -> list[float]:
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = (line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return [float(line.rsplit(" ", 1)[1]) for line in lines if all(pair in line for pair in wanted)]


def join(client: httpx.Client, host: User, guest: User, role: str = "operator") -> str:
    """Let the guest into the host's workspace; its path to the guest's membership."""
    (mine,) = client.get("/auth/me", headers=host.headers).json()["workspaces"][:1]
    path = f"/workspaces/{mine['workspace_ulid']}"
    token = client.post(f"{path}/invitations", json={"role": role}, headers=host.headers).json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=guest.headers).raise_for_status()
    return f"{path}/members/{client.get('/auth/me', headers=guest.headers).json()['id']}"
