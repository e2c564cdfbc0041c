"""The page of a review: that of a flag, without what tells of the first decision or came after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from moderation import case_history, case_page
from moderation.case_history import Event
from moderation.flagged import kind_of
from moderation.models import Flag, Review
from moderation.stand_in import flag_of


def review_page(review: Review, user: Any) -> dict[str, Any]:
    flag, first = flag_of(review), review.first
    page = case_page.flag_page(flag, user)
    until = review.offered_at if first is None else first.at
    return page | {
        "history": _history(review, flag),
        "notes": [note for note in page["notes"] if note["who"] == user.username or (first and note["at"] < until)],
        "worries": _before(page["worries"], until),
        "earlier": _before(page["earlier"], until),
        "drafts": [] if flag.suggestion_id else _drafts(page["drafts"], until),  # they say what became of suggestions
    }


def _history(review: Review, flag: Flag) -> list[Event]:
    first = review.first
    if first is None:
        what = gettext(case_history.FLAGGED[kind_of(flag)])
        events = [{"at": review.offered_at, "who": "Lantern", "what": what, "why": ", ".join(flag.codes)}]
    else:
        others = (event for event in case_history.history_of(first.flag) if event["handled"] != first.flag_id)
        events = _before(others, first.at)
    if review.by is not None:
        what = gettext(case_history.CLAIMS["flag.claimed"])
        events.append({"at": review.claimed_at, "who": review.by.username, "what": what, "why": ""})
    return events


def _before(rows: Iterable[dict[str, Any]], until: datetime) -> list[dict[str, Any]]:
    return [row for row in rows if row["at"] < until]


def _drafts(drafts: list[dict[str, Any]], until: datetime) -> list[dict[str, Any]]:
    told = [draft | {"steps": _before(draft["steps"], until)} for draft in drafts]
    return [draft for draft in told if draft["steps"]]
