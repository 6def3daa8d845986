"""docker-compose.yml holds what the contract says of it; an engine tries it in the project's CI."""

import re
import shutil
import subprocess

import pytest

from app.core.settings import Settings
from tests.containers.compose_file import APPLICATION, PROJECT, load, service, variables

# In here both are the service `redis`, so what `.env` says of them must not come through.
NEVER_GIVEN = {"CACHE_URL", "BROKER_URL"}
# Of OpenTelemetry, which reads them itself.
STANDARD = {
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"),
    *("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
}
# Started only when asked for: `--profile monitoring`.
MONITORING = {"prometheus", "grafana"}
MQTT = {"mosquitto", "mqtt-bridge"}
OWN_ADDRESSES = {
    "DATABASE_URL": "postgresql://sentinela@db:5432/sentinela",
    "REDIS_URL": "redis://redis:6379",
}


def settings_names() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def test_the_services_are_those_of_the_contract() -> None:
    services = load()["services"]
    always = {name for name, each in services.items() if "profiles" not in each}
    assert always == {"app", "worker", "beat", "watcher", "db", "redis"}
    assert {name for name, each in services.items() if each.get("profiles") == ["monitoring"]} == MONITORING
    assert {name for name, each in services.items() if each.get("profiles") == ["mqtt"]} == MQTT
    assert services["caddy"]["profiles"] == ["tls"]


def test_both_generations_of_compose_read_the_file() -> None:
    """1.29 refuses `name`, and takes conditions in `depends_on` only without `version`, which v2 complains about."""
    top = {key for key in load() if not key.startswith("x-")}
    assert top == {"services", "volumes"}


@pytest.mark.parametrize("name", APPLICATION)
def test_addresses_are_the_own_services_whatever_dotenv_says(name: str) -> None:
    environment = service(name)["environment"]
    assert {key: environment[key] for key in OWN_ADDRESSES} == OWN_ADDRESSES
    assert not NEVER_GIVEN & set(environment)
    assert "env_file" not in service(name)


@pytest.mark.parametrize("name", APPLICATION)
def test_every_other_setting_comes_through(name: str) -> None:
    environment = service(name)["environment"]
    assert set(environment) == (settings_names() | STANDARD) - NEVER_GIVEN
    fixed = {key for key in environment if key in OWN_ADDRESSES or key.endswith("_FILE") or key == "DATA_DIR"}
    passed = {key: value for key, value in environment.items() if key not in fixed}
    assert passed == {key: f"${{{key}:-}}" for key in passed}


def test_settings_that_compose_leaves_empty_keep_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in settings_names():
        monkeypatch.delenv(key, raising=False)
    defaults = Settings(_env_file=None)
    for key in settings_names():
        monkeypatch.setenv(key, "")
    assert Settings(_env_file=None) == defaults


def test_only_the_api_is_reached_from_elsewhere() -> None:
    ports = {name: each["ports"] for name, each in load()["services"].items() if "ports" in each}
    assert ports == {
        "caddy": ["80:80", "443:443", "443:443/udp"],
        "app": ["${API_PORT:-8000}:8000"],
        "db": ["127.0.0.1:${DB_PORT:-5432}:5432"],
        "redis": ["127.0.0.1:${REDIS_PORT:-6379}:6379"],
        "prometheus": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "grafana": ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"],
        "mosquitto": ["${MQTT_PORT:-1883}:1883"],
    }


def test_no_password_is_written_down() -> None:
    """Passwords are files that the services make; a user name alone stands in a URL."""
    for name, each in load()["services"].items():
        for key, value in each["environment"].items():
            assert "PASSWORD" not in key or key.endswith("_FILE"), f"{name}: {key}"
            assert not re.search(r"://[^/@]*:[^/@]*@", value), f"{name}: {key}"


def test_a_password_is_mounted_by_its_maker_and_the_application_alone() -> None:
    mounts = {name: each["volumes"] for name, each in load()["services"].items()}
    for secret, maker in (("db-secret", "db"), ("redis-secret", "redis")):
        holders = {name for name, volumes in mounts.items() for volume in volumes if volume.startswith(f"{secret}:")}
        assert holders == {maker, *APPLICATION}
        assert all(f"{secret}:/run/{secret}:ro" in mounts[name] for name in APPLICATION)


def test_passwords_belong_to_the_user_of_the_image() -> None:
    image = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^USER (\d+):", image, re.MULTILINE)
    assert found
    for name in ("db", "redis"):
        assert f"chown {found[1]} " in service(name)["entrypoint"][2]


def test_every_service_is_watched_and_comes_back() -> None:
    services = load()["services"]
    assert {each["restart"] for each in services.values()} == {"unless-stopped"}
    assert {name for name, each in services.items() if "healthcheck" not in each} == {"app"}
    # The API's own check is the image's; worker, beat and watcher serve no HTTP and must not inherit it.
    assert "/readyz" in (PROJECT / "Dockerfile").read_text(encoding="utf-8").split("HEALTHCHECK")[1]


def test_nothing_starts_before_what_it_needs() -> None:
    needs = {name: each.get("depends_on", {}) for name, each in load()["services"].items()}
    assert {name: set(each) for name, each in needs.items() if each} == {
        "app": {"db", "redis"},
        "worker": {"app"},
        "beat": {"app"},
        "watcher": {"app"},
        "grafana": {"prometheus"},
        "mqtt-bridge": {"app", "mosquitto"},
        "caddy": {"app"},
    }
    assert {need["condition"] for each in needs.values() for need in each.values()} == {"service_healthy"}


def test_every_named_volume_is_declared_and_used() -> None:
    used = {volume.split(":")[0] for each in load()["services"].values() for volume in each["volumes"]}
    folders = {name for name in used if name.startswith("./")}
    assert used - folders == set(load()["volumes"])
    assert [name for name in folders if not (PROJECT / name).is_dir()] == []


def test_development_mounts_the_source_and_reloads() -> None:
    services = load("compose.dev.yml")["services"]
    assert set(services) == set(APPLICATION)
    assert all("./app:/app/app:ro" in each["volumes"] for each in services.values())
    assert "--reload" in services["app"]["command"]
    assert variables("compose.dev.yml") <= variables()


def test_tls_hides_what_is_for_the_inside_and_passes_the_rest() -> None:
    text = (PROJECT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    assert "reverse_proxy app:8000" in text
    assert "respond @inside 404" in text
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("NOT VALIDATED: the Caddyfile, for there is no caddy on the PATH")
    subprocess.run([caddy, "validate", "--config", str(PROJECT / "deploy" / "caddy" / "Caddyfile")], check=True)
