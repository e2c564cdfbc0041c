"""Whose words stand in a draft."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from assistant import actions, attention, disclosure
from assistant.models import Draft, DraftRevision, Suggestion
from assistant.provenance import Marked, Whose, by_model, ledger, model_share, shares

WHOSE = {
    Whose.TYPED: gettext_noop("typed by you"),
    Whose.PASTED: gettext_noop("pasted"),
    Whose.SUGGESTED: gettext_noop("suggested"),
    Whose.EDITED: gettext_noop("suggested and worked on"),
}


def whose_words(head: DraftRevision | None, suggestions: list[Suggestion]) -> dict[str, Any]:
    """Percents of the visible characters, together 100; what is not there is left out. `suggestions`: of the draft."""
    told = shares(head.marked if head is not None else Marked(""), [one.text for one in suggestions])
    percents = _percents(told)
    own = percents.get(Whose.TYPED, 0)
    most = round(100 * settings.MAX_SUGGESTED_SHARE)
    parts = [{"whose": str(whose), "percent": part, "label": gettext(WHOSE[whose])} for whose, part in percents.items()]
    return {
        "parts": parts,
        "words": " · ".join(f"{part['percent']} % {part['label']}" for part in parts),
        "own": own,
        "own_and_pasted": own + percents.get(Whose.PASTED, 0),
        "too_much": gettext(
            "At most %(most)s %% may be suggested. Say more of it in your own words before you send it."
        )
        % {"most": most}
        if disclosure.is_too_much(by_model(told))
        else "",
    }


def _percents(told: dict[Whose, float]) -> dict[Whose, int]:
    percents = {whose: round(100 * share) for whose, share in told.items()}
    if whole := sum(percents.values()):
        percents[Whose.TYPED] += 100 - whole  # rounding is the writer's
    return {whose: percent for whose, percent in percents.items() if percent}


def whose_page(draft: Draft) -> dict[str, Any]:
    """The draft with whose words stand where, and what would be said of that when it is sent."""
    head = draft.head()
    suggested = actions.visible_suggestions(draft)
    ranges = ledger(head.marked, [one.text for one in suggested]) if head is not None else []
    return {
        "draft": draft,
        "whose": whose_words(head, suggested),
        "ranges": [
            {"text": head.text[start:end], "whose": str(whose), "label": gettext(WHOSE[whose])}
            for start, end, whose in ranges
            if head is not None
        ],
        "disclosure": disclosure.line_for(model_share(head.marked)) if head is not None else "",
    }


def used_unread(suggestions: list[Suggestion]) -> bool:
    """Of the latest one."""
    return any(attention.used_unread(one) for one in suggestions[-1:])
