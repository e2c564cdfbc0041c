"""The page of a review: that of a flag, without anything that came after the first decision."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from moderation import case_page
from moderation.flagged import kind_of
from moderation.models import Flag, Review
from moderation.stand_in import flag_of


def review_page(review: Review, user: Any) -> dict[str, Any]:
    flag = flag_of(review)
    return case_page.flag_page(flag, user) | {"decision": None, "history": _history(review, flag)}


def _history(review: Review, flag: Flag) -> list[dict[str, Any]]:
    first = review.first
    if first is None:
        what = gettext(case_page.FLAGGED[kind_of(flag)])
        return [{"at": review.offered_at, "who": "Lantern", "what": what, "why": ", ".join(flag.codes)}]
    return [event for event in case_page.history_of(first.flag) if event["at"] < first.at]
