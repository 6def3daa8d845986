"""What an answer to a batch means for its readings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

# A server that asks for more has its clock or its unit wrong; nothing is lost by asking again.
LONGEST_ADVICE = 3600.0
# Of these the readings are the cause, so the same ones would be refused for ever.
_READINGS_AT_FAULT = frozenset({400, 415, 422})
_PROBLEM = "application/problem+json"
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """On the system's disk, but for those `refused` for good: their reasons by index."""

    refused: dict[int, str]


@dataclass(frozen=True, slots=True)
class RefusedWhole:
    """The request cannot be stored as it is; smaller ones show which of its readings are the cause."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is known to be stored: the same again, after `wait` seconds where the system says how long."""

    reason: str
    wait: float | None = None


Outcome = Stored | RefusedWhole | Later


def understood(response: httpx.Response) -> Outcome:
    """The answer to a `POST /data`.

    Only a receipt counts as stored: portals of hotels and trains answer 200 to everything. A wrong key or address is
    no fault of the readings, so they wait until somebody mends it.
    """
    if response.status_code == HTTPStatus.CREATED:
        receipt = _json(response)
        if isinstance(receipt, dict) and "accepted" in receipt:
            return Stored({int(item["index"]): _short(item["detail"]) for item in receipt["rejected"]})
    if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _is_our_refusal(response):
        return RefusedWhole(reason(response))
    return Later(reason(response), advice(response.headers.get("Retry-After", "")))


def _is_our_refusal(response: httpx.Response) -> bool:
    """Whether Sentinela itself refused the readings, and nothing between."""
    kind = response.headers.get("Content-Type", "")
    return response.status_code in _READINGS_AT_FAULT and kind.startswith(_PROBLEM)


def reason(response: httpx.Response) -> str:
    """Why, as the answer says it."""
    problem = _json(response)
    said = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    phrase = f"{response.status_code} {response.reason_phrase}".strip()
    if said:
        return _short(f"{phrase}: {said}")
    if response.is_redirect:
        return _short(f"{phrase} to {response.headers.get('Location', '')}: is the URL right?")
    return phrase if response.is_error else f"{phrase}, but not as Sentinela answers: is the URL right?"


def advice(retry_after: str) -> float | None:
    """Seconds of a Retry-After, which is a number or a date; None when it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_ADVICE)


def _json(response: httpx.Response) -> Any:
    """None for what is no JSON."""
    try:
        return response.json()
    except ValueError:
        return None


def _short(text: Any) -> str:
    return str(text)[:_LONGEST_REASON]
