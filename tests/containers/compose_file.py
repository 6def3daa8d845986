"""What docker-compose.yml says, read without Docker."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

PROJECT = Path(__file__).resolve().parents[2]
APPLICATION = ("app", "worker", "beat", "watcher")
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")


def load(name: str = "docker-compose.yml") -> dict[str, Any]:
    """The file with its anchors merged, `$` escapes and variables left as they stand."""
    parsed: dict[str, Any] = yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))
    return parsed


def service(name: str) -> dict[str, Any]:
    """One service of docker-compose.yml."""
    found: dict[str, Any] = load()["services"][name]
    return found


def variables(name: str = "docker-compose.yml") -> set[str]:
    """The variables that Compose fills in from `.env` or the environment."""
    return set(_VARIABLE.findall((PROJECT / name).read_text(encoding="utf-8")))


def entrypoint_script(name: str) -> str:
    """The shell script in a service's entrypoint, as the container's shell gets it."""
    shell, option, script = service(name)["entrypoint"]
    assert (shell, option) == ("sh", "-ec")
    return str(script).replace("$$", "$")
