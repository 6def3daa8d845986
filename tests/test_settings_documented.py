"""Every setting stands in .env.example, with its default, and nothing else does."""

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from app.core.settings import Settings
from tests.containers.compose_file import variables

EXAMPLE = (Path(__file__).resolve().parents[1] / ".env.example").read_text(encoding="utf-8")
# A default is commented out: `# NAME=value` at the start of a line, where prose and indented samples never are.
_LINE = re.compile(r"^# ([A-Z_]+)=(.*)$", re.MULTILINE)
DOCUMENTED = dict(_LINE.findall(EXAMPLE))
SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}


def test_every_setting_is_documented_once() -> None:
    names = [name for name, _ in _LINE.findall(EXAMPLE)]
    assert len(names) == len(set(names))
    assert set(names) == set(SETTINGS) | variables() | variables("compose.cluster.yml")


def test_documented_defaults_are_the_real_ones() -> None:
    for name, field in SETTINGS.items():
        default = "" if field.default in (None, PydanticUndefined) else str(field.default)
        assert DOCUMENTED[name] == default, name


def test_a_copied_example_changes_nothing() -> None:
    """`cp .env.example .env` must not point anyone to a database that is not there."""
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def test_every_setting_is_explained() -> None:
    """The line above a setting is its explanation; the ports of Compose share theirs."""
    lines = EXAMPLE.splitlines()
    for name in SETTINGS:
        above = lines[lines.index(f"# {name}={DOCUMENTED[name]}") - 1]
        assert re.match(r"# \s*\S", above), name
        assert not _LINE.match(above), name
