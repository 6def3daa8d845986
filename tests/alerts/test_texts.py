"""What people read of every kind of condition, in both languages."""

from typing import Any

import pytest

from app.alerts.channels.reasons import reason
from app.alerts.channels.words import SEVERITIES, WORDS

Q = {"quantity": "humidity"}
SINCE = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("why", "english", "portuguese"),
    [
        ({"condition": {"kind": "threshold", **Q, "above": 60}, "value": 61.25},
         "humidity 61.25 (above 60)", "humidity 61.25 (acima de 60)"),
        ({"condition": {"kind": "threshold", **Q, "outside": {"low": 18, "high": 27.5}}, "value": 17},
         "humidity 17 (outside 18 to 27.5)", "humidity 17 (fora de 18 a 27.5)"),
        ({"condition": {"kind": "rate", **Q, "above": 2, "per": "hour"}, "value": 3},
         "humidity 3/h (above 2)", "humidity 3/h (acima de 2)"),
        ({"condition": {"kind": "deviation", **Q, "below": -3}, "value": -4.2},
         "humidity -4.2 σ (below -3)", "humidity -4.2 σ (abaixo de -3)"),
        ({"condition": {"kind": "offline"}, "since": SINCE}, f"offline since {SINCE}", f"sem sinal desde {SINCE}"),
        ({"condition": {"kind": "nodata", **Q}, "since": SINCE},
         f"no reading of humidity since {SINCE}", f"sem leitura de humidity desde {SINCE}"),
        ({"condition": {"kind": "all", "conditions": []}, "by": {"kind": "threshold", **Q, "below": 5}, "value": 4},
         "humidity 4 (below 5)", "humidity 4 (abaixo de 5)"),
        ({"condition": {"kind": "offline"}, "by": "schedule"},
         "outside the rule's active hours", "fora do horário da regra"),
        ({"condition": {"kind": "all", "conditions": []}, "since": SINCE}, f"since {SINCE}", f"desde {SINCE}"),
        ({}, "", ""),
    ],
)  # fmt: skip
def test_the_reason_is_told_in_words(why: dict[str, Any], english: str, portuguese: str) -> None:
    assert reason(WORDS["en"], why) == english
    assert reason(WORDS["pt"], why) == portuguese


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["pt"].keys()
    assert SEVERITIES["en"].keys() == SEVERITIES["pt"].keys()
