"""What somebody wrote about a flag and what was refused: back in its field where the page still has that, else beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop

from moderation import policies
from moderation.forms import DANGER
from moderation.models import Decision, Outcome

LABELS = {  # as the fields are called on the page
    "policy": gettext_noop("By the policy"),
    "closed_as": gettext_noop("What came of it"),
    "danger": gettext_noop("Is somebody in danger"),
    "edited_text": gettext_noop("Your version"),
    "reason": gettext_noop("Reason"),
    "text": gettext_noop("Note"),
}
TYPED = ("outcome", "missed", "answer", *LABELS)


@dataclass(frozen=True, slots=True)
class Had:
    """One thing that was said and that no field of the page holds."""

    label: str
    said: str


def typed_part(posted: Mapping[str, str], page: dict[str, Any]) -> dict[str, Any]:
    """For the page that shows a refusal."""
    typed = {name: posted.get(name, "") for name in TYPED}
    if _unedited(typed["edited_text"], page["text"]):
        typed["edited_text"] = ""
    shown = set(_fields_of(page, typed))
    left = {name: said for name, said in typed.items() if name not in shown and said.strip()}
    return {
        "typed": {name: said if name in shown else "" for name, said in typed.items()},
        "had": had_written(left),
        "carried": left,  # goes with whatever brings the form back
    }


def carries(posted: Mapping[str, str]) -> bool:
    return any(posted.get(name, "").strip() for name in LABELS)


def had_written(typed: Mapping[str, str]) -> list[Had]:
    """Without a page to compare with: all of it."""
    said = {name: typed.get(name, "") for name in LABELS}
    return [Had(gettext(LABELS[name]), _in_words(name, value)) for name, value in said.items() if value.strip()]


def _fields_of(page: dict[str, Any], typed: Mapping[str, str]) -> Iterator[str]:
    """A reason for an answer to a proposal is none for a decision, and the other way round."""
    answered = bool(typed["answer"])
    if page["may_note"]:
        yield "text"
    if page["may_answer"] and answered:
        yield from ("answer", "reason")
    if not page["may_decide"] or answered:
        return
    yield from ("outcome", "policy", "reason", "missed")
    if page["closings"]:
        yield "closed_as"
    if page["dangers"]:
        yield "danger"
    if any(outcome["value"] == Outcome.EDIT for outcome in page["outcomes"]):
        yield "edited_text"


def _unedited(said: str, text: str) -> bool:
    return said.split() == text.split()


def _in_words(name: str, said: str) -> str:
    words = {"policy": _policies, "closed_as": _closings, "danger": _dangers}.get(name)
    return words().get(said, said) if words else said


def _policies() -> dict[str, str]:
    return {code: gettext(one.label) for code, one in policies.BY_CODE.items()}


def _closings() -> dict[str, str]:
    return {str(value): str(label) for value, label in Decision.Closing.choices}


def _dangers() -> dict[str, str]:
    return {value: str(label) for value, label in DANGER}
