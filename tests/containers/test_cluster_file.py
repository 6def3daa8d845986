"""compose.cluster.yml, read without Docker; no engine has run it."""

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.core.redis_forms import parse
from tests.containers.compose_file import APPLICATION, PROJECT, load, variables


class Loader(yaml.SafeLoader):
    """Knows the tag by which Compose forgets what another file said."""


Loader.add_constructor("!reset", lambda *_: None)
SERVICES: dict[str, Any] = yaml.load((PROJECT / "compose.cluster.yml").read_text(encoding="utf-8"), Loader)
ADDED = {
    "app-2",
    "worker-2",
    "db-2",
    "db-3",
    "cluster",
    "redis-replica",
    "sentinel-1",
    "sentinel-2",
    "sentinel-3",
    "nginx",
}


def services() -> dict[str, Any]:
    found: dict[str, Any] = SERVICES["services"]
    return found


def test_it_adds_the_second_of_each_and_changes_no_more_than_it_must() -> None:
    assert set(services()) == ADDED | {*APPLICATION, "db", "redis"}
    assert {name for name in APPLICATION if set(services()[name]) - {"environment", "healthcheck"}} == set()


@pytest.mark.parametrize("name", [*APPLICATION, "app-2", "worker-2"])
def test_the_application_asks_the_sentinels(name: str) -> None:
    address = parse(services()[name]["environment"]["REDIS_URL"])
    assert address.kind == "sentinel"
    assert {host for host, _ in address.hosts} == {"sentinel-1", "sentinel-2", "sentinel-3"}
    assert f"sentinel monitor {address.service} redis 6379 2" in services()["sentinel-1"]["entrypoint"][2]


def test_only_nginx_is_reached_from_elsewhere() -> None:
    assert {name for name, each in services().items() if each.get("ports")} == {"nginx"}
    text = (PROJECT / "deploy" / "nginx" / "sentinela.conf").read_text(encoding="utf-8")
    assert all(f"server {name}:8000" in text for name in ("app", "app-2"))


def test_no_password_is_written_down() -> None:
    for name, each in services().items():
        for key, value in (each.get("environment") or {}).items():
            assert "PASSWORD" not in key or key.endswith("_FILE"), f"{name}: {key}"
            assert "@" not in value, f"{name}: {key}"


def test_every_volume_is_declared() -> None:
    used = {volume.split(":")[0] for each in services().values() for volume in each.get("volumes", [])}
    declared = set(SERVICES["volumes"]) | set(load()["volumes"])
    assert {name for name in used if not name.startswith("./")} <= declared
    assert variables("compose.cluster.yml") == {"CITUS_IMAGE", "CLUSTER_PORT"}


def test_what_is_added_is_watched_and_waits_for_what_it_needs() -> None:
    assert {name for name in ADDED if "healthcheck" not in services()[name]} == {"app-2", "cluster"}
    assert set(services()["cluster"]["depends_on"]) == {"db", "db-2", "db-3"}
    assert set(services()["nginx"]["depends_on"]) == {"app", "app-2"}
