"""Every command explains itself."""

from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from app.cli.main import app

# Line ends within a paragraph stay: on 80 columns, less two of margin, longer lines would break again half-way.
WIDTH = 78


def commands(group: TyperGroup, path: str = "sentinela") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path} {name}")
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{path} {name}", command


ROOT = typer.main.get_command(app)
assert isinstance(ROOT, TyperGroup)
EVERY = dict(commands(ROOT))


def test_every_promised_command_is_there() -> None:
    simple = {f"sentinela {name}" for name in ("up", "test", "simulate", "import", "openapi")}
    nested = {"sentinela users add", "sentinela users list"}
    nested |= {f"sentinela keys {name}" for name in ("add", "list", "revoke")}
    assert simple | nested <= set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_its_help_has_an_example_that_names_it(name: str) -> None:
    text = EVERY[name].help or ""
    assert f"Example: {name}" in text.replace("./sentinela", "sentinela")
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        assert len(lines) == 1 or max(map(len, lines)) <= WIDTH, paragraph


@pytest.mark.parametrize("name", EVERY)
def test_every_option_is_explained_in_a_sentence(name: str) -> None:
    options = [option for option in EVERY[name].params if isinstance(option, TyperOption) and option.name != "help"]
    for option in options:
        assert option.help, f"{name} {option.name}"
        assert option.help.endswith("."), f"{name} {option.name}: {option.help}"
