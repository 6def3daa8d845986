"""Every text that an error tells people exists in Portuguese."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import app
from app.core.errors import Problem
from app.core.translations import DETAILS, MESSAGES, TITLES

ROOT = Path(__file__).parents[2]


def problems() -> dict[str, type[Problem]]:
    """All classes of errors, by name."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.endswith((".errors", "core.problems", "core.redis")):
            importlib.import_module(module.name)
    found, waiting = {}, [Problem]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found


def calls() -> Iterator[tuple[str, list[ast.expr]]]:
    """Everything that the app calls by a plain name, with its positional arguments."""
    for path in ROOT.glob("app/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node.args


def texts(arguments: list[ast.expr], place: int) -> list[str]:
    found = arguments[place : place + 1]
    return [node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_every_detail_of_a_problem_is_translated() -> None:
    known = problems()
    missing = {text for name, arguments in calls() if name in known for text in texts(arguments, 0)} - DETAILS.keys()
    assert missing == set()


def test_every_title_is_translated() -> None:
    assert {kind.title for kind in problems().values()} - TITLES.keys() == set()


def test_every_fault_of_ours_is_translated() -> None:
    ours = {text for name, arguments in calls() if name == "PydanticCustomError" for text in texts(arguments, 0)}
    told = {text for name, arguments in calls() if name == "invalid_field" for text in texts(arguments, 2)}
    # The framework's own words about a body that it cannot read stay as they are.
    assert (ours | told) - MESSAGES.keys() == {"body"}
