"""The commands' way to a running system: where it is, with which key, and what its answers mean.

`SENTINELA_URL` with `SENTINELA_KEY` name any system. Without them it is the one on this machine, whose
address and administrator's key the first `up` left in `DATA_DIR/cli.json`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from app.cli.console import CommandFailed
from app.core.settings import get_settings

# Address and administrator's key, left in the data folder by `up`.
CLI_FILE = "cli.json"
# Longest wait for an answer, seconds: the server's own statement timeouts end well before.
ANSWER_SECONDS = 60.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What a restarting or overloaded system answers; every other error status would come again.
RETRYABLE = frozenset({429, 502, 503, 504})

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the system to talk to, as given to `up`. Ignored when SENTINELA_URL is set.",
        show_default="DATA_DIR, or the folder that `up` uses",
    ),
]


@dataclass(frozen=True)
class Connection:
    """Where a system answers and the key that opens it; the key stays out of repr and logs."""

    url: str
    key: str = field(repr=False)

    def options(self) -> dict[str, Any]:
        """Arguments for httpx.Client and httpx.AsyncClient alike."""
        host = urlsplit(self.url).hostname
        return {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {self.key}"},
            "timeout": ANSWER_SECONDS,
            # A proxy of the environment cannot reach this machine's own loopback.
            "trust_env": host not in LOOPBACK,
        }


def find_connection(data_dir: Path | None = None) -> Connection:
    """The system that the environment or `DATA_DIR/cli.json` names.

    `SENTINELA_KEY` alone is used with the address of cli.json. `SENTINELA_URL` alone is an error: the key
    of this machine is never sent to another one. Raises CommandFailed with what is missing.
    """
    url, key = (os.environ.get(name, "").strip() for name in ("SENTINELA_URL", "SENTINELA_KEY"))
    if url and not key:
        raise CommandFailed("SENTINELA_URL is set but SENTINELA_KEY is not: set both, or neither")
    if not url:
        local = _read_local((data_dir or get_settings().data_dir) / CLI_FILE)
        url, key = local.url, key or local.key
    _check_url(url)
    if not key.isascii() or not key.isprintable():
        raise CommandFailed("SENTINELA_KEY holds characters that no key has")
    return Connection(url.rstrip("/"), key)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CommandFailed(f"{url!r} is not an address such as http://127.0.0.1:8000 (SENTINELA_URL)")


def _read_local(path: Path) -> Connection:
    try:
        content = json.loads(path.read_text())
        return Connection(str(content["url"]), str(content["key"]))
    except FileNotFoundError:
        raise CommandFailed(
            f"no system is known here ({path} does not exist): start one with `./sentinela up`, "
            "or set SENTINELA_URL and SENTINELA_KEY"
        ) from None
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise CommandFailed(f"{path} is damaged: the next `./sentinela up` needs it repaired or removed") from None


class Unavailable(CommandFailed):
    """No answer, or one that says "later": the same request may succeed in a while."""


class Api:
    """A blocking client that returns parsed JSON and raises CommandFailed for everything else."""

    def __init__(self, connection: Connection, client: httpx.Client) -> None:
        self.connection = connection
        self.client = client

    def get(self, path: str, **params: str) -> Any:
        return self.request("GET", path, params=params)

    def get_all(self, path: str, **params: str) -> list[Any]:
        """The rows of a list, page after page."""
        answer = self.send("GET", path, params=params)
        rows = list(parsed(answer, self.connection))
        while following := answer.links.get("next"):
            answer = self.send("GET", following["url"])
            rows += parsed(answer, self.connection)
        return rows

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.request("POST", path, json=body)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a 2xx answer, None for 204. Raises CommandFailed, in words, for any other outcome."""
        return parsed(self.send(method, path, **options), self.connection)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, whatever its status; raises Unavailable when there is none."""
        try:
            return self.client.request(method, path, **options)
        except httpx.RequestError as error:
            raise Unavailable(unreachable(error, self.connection)) from None


@contextmanager
def open_api(data_dir: Path | None = None) -> Iterator[Api]:
    """An Api for the found system, closed at the end."""
    connection = find_connection(data_dir)
    with httpx.Client(**connection.options()) as client:
        yield Api(connection, client)


def parsed(response: httpx.Response, connection: Connection) -> Any:
    """The JSON of a 2xx answer, None when it is empty; raises CommandFailed with the reason otherwise."""
    if not response.is_success:
        failure = Unavailable if response.status_code in RETRYABLE else CommandFailed
        raise failure(refusal(response, connection))
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise CommandFailed(f"{connection.url} answers, but not as Sentinela does") from None


def unreachable(error: httpx.RequestError, connection: Connection) -> str:
    """Why no answer came, as one line."""
    if isinstance(error, httpx.ConnectError):
        return f"nothing answers at {connection.url}: is `./sentinela up` running?"
    if isinstance(error, httpx.TimeoutException):
        return f"{connection.url} did not answer in time"
    return f"the connection to {connection.url} broke: {error or type(error).__name__}"


def refusal(response: httpx.Response, connection: Connection) -> str:
    """What an error answer says, as one line: its detail, and each bad field by name."""
    if response.status_code == 401:
        return f"{connection.url} refused the key: check SENTINELA_KEY, or remove it to use this machine's own"
    problem = _problem(response)
    if problem is None:
        return f"{connection.url} answered {response.status_code}, not as Sentinela does"
    detail = str(problem.get("detail") or problem.get("title") or response.status_code)
    fields = "; ".join(_field(item) for item in problem.get("errors") or [])
    return f"{detail}{f' ({fields})' if fields else ''}"


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    try:
        content = response.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) and ("detail" in content or "title" in content) else None


def _field(item: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in item.get("loc", [])[1:])
    return f"{place}: {item.get('msg', '')}" if place else str(item.get("msg", ""))
