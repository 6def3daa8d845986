"""English or Portuguese, as the reader prefers."""

from app.core.errors import FieldError, Problem
from app.core.translations import DETAILS, MESSAGES, TITLES


def prefers_portuguese(accept_language: str) -> bool:
    """Whether Portuguese stands before English in the header, by its weights."""
    weights = {"pt": 0.0, "en": 0.0}
    for part in accept_language.lower().replace(" ", "").split(","):
        tag, _, weight = part.partition(";q=")
        language = tag.split("-")[0]
        if language in weights:
            weights[language] = max(weights[language], _weight(weight))
    return weights["pt"] > weights["en"]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def message_of(fault: FieldError, portuguese: bool) -> str:
    """The fault in the reader's language."""
    if portuguese and fault["type"] in MESSAGES:
        filled = {name: _in_portuguese(value) for name, value in fault.get("ctx", {}).items()}
        return MESSAGES[fault["type"]].format(**filled)
    return fault["msg"]


def _in_portuguese(value: object) -> object:
    """Pydantic lists what a field may be as "'minute', 'hour' or 'day'"."""
    return value.replace("' or '", "' ou '") if isinstance(value, str) else value


def title_of(problem: Problem, portuguese: bool) -> str:
    return TITLES.get(problem.title, problem.title) if portuguese else problem.title


def detail_of(problem: Problem, portuguese: bool) -> str:
    """What went wrong, in the reader's language."""
    template = DETAILS.get(problem.template, problem.template) if portuguese else problem.template
    return template.format(**problem.params)
