"""What people read: a title and some lines, in English or Portuguese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.alerts.channels.base import Message
from app.alerts.channels.reasons import Words, reason
from app.alerts.channels.words import SEVERITIES, WORDS

# A message of more servers than these names the others by their number.
MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Text:
    """`title` is one line; `details` are some, without one at the end."""

    title: str
    details: str


def compose(message: Message, public_url: str) -> Text:
    """The message in its language; `public_url` is where the page is, for a link."""
    words = WORDS[message.language]
    incidents = message.body.get("incidents")
    if not incidents:
        return Text(words["test_title"], words["test"].format(channel=message.body.get("channel", "")))
    kind = message.event.rpartition(".")[2]
    title = _title(words, message, kind, incidents)
    lines = [_line(words, incident) for incident in incidents[:MAX_SHOWN]]
    if len(incidents) > MAX_SHOWN:
        lines.append(words["more"].format(count=len(incidents) - MAX_SHOWN))
    lines += [words["remark"].format(text=text) for text in {each["text"] for each in incidents if each.get("text")}]
    if public_url:
        lines += ["", _link(public_url, incidents)]
    return Text(title, "\n".join(lines))


def _title(words: Words, message: Message, kind: str, incidents: Sequence[Mapping[str, Any]]) -> str:
    severity = SEVERITIES[message.language][message.body["severity"]]
    one = incidents[0]["server"]["name"]
    who = one if len(incidents) == 1 else words["servers"].format(count=len(incidents))
    title = words[kind].format(severity=severity, rule=message.body["rule"]["name"], servers=who)
    return " ".join(title.split())


def _line(words: Words, incident: Mapping[str, Any]) -> str:
    why = reason(words, incident["why"] or {})
    line = f"{incident['server']['name']}: {why}" if why else str(incident["server"]["name"])
    if by := incident.get("actor"):
        line += words["by"].format(actor=by)
    return f"{line} ({incident['at']})"


def _link(public_url: str, incidents: Sequence[Mapping[str, Any]]) -> str:
    base = f"{public_url.rstrip('/')}/ui/alerts"
    return f"{base}/incidents/{incidents[0]['incident_id']}" if len(incidents) == 1 else base
