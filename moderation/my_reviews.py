"""The page of one moderator about their own looks. Nobody else is given it."""

from __future__ import annotations

from typing import Any

from moderation import policies, quality
from moderation.models import Review
from moderation.quality_words import looks_words, outcome_words
from moderation.stand_in import flag_of

LATEST = 20


def my_reviews_page(user: Any) -> dict[str, Any]:
    golden = quality.golden_looks(user)
    seconds = [second for second in quality.second_looks() if second.is_by(user)]
    readable = Review.objects.for_person(user).filter(id__in=[review.id for review in golden[:LATEST]])
    return {
        "golden": looks_words(quality.held_against(golden)),
        "looks": looks_words(quality.looks_of(seconds)),
        "policies": [
            {"policy": policies.label_of(code), **looks_words(looks)}
            for code, looks in quality.by_policy(seconds).items()
        ],
        "latest": [_told(review) for review in readable.with_subjects().order_by("-decided_at")],
    }


def _told(review: Review) -> dict[str, Any]:
    item = review.item
    assert item is not None
    return {
        "at": review.decided_at,
        "text": flag_of(review).subject.text,
        "language": item.language,
        "same": review.same,
        "mine": outcome_words(review.outcome, review.closed_as),
        "right": outcome_words(item.outcome, item.closed_as),
        "policy": policies.label_of(item.policy),
        "reason": review.reason,
        "explanation": item.explanation,
        "by": item.by.username,
    }
