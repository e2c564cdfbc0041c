"""The page about the quality of moderation, for leads: tables beside charts, nobody ranked."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from assistant.charts import Chart, chart
from moderation import drift, policies, quality, sample
from moderation.models import GoldenItem, Review
from moderation.quality import Detector, Second
from moderation.quality_words import looks_words, outcome_words, percents
from moderation.queue import sample_words
from moderation.stand_in import flag_of

DIFFERING = 20


def quality_page() -> dict[str, Any]:
    seconds = quality.second_looks()
    detectors = quality.detectors()
    return {
        "policies": [
            {"policy": policies.label_of(code), **looks_words(looks)}
            for code, looks in quality.by_policy(seconds).items()
        ],
        "all": looks_words(quality.looks_of(seconds)),
        "people": _people(seconds, quality.golden_looks()),
        "differing": [_differing(second) for second in seconds if not second.review.same][:DIFFERING],
        "detectors": [_detector(one) for one in detectors],
        "chart": _chart(detectors),
        "alarms": [one.name for one in detectors if one.changed is not None],
        "late_weeks": drift.LATE_WEEKS,
        "early_weeks": drift.EARLY_WEEKS,
        "sample": sample_words(waiting=sample.waiting()),
        "golden": [_golden(item) for item in _items()],
    }


def _people(seconds: list[Second], golden: list[Review]) -> list[dict[str, Any]]:
    """By name: this is for talking with somebody, and no order of merit."""
    names: dict[Any, str] = {}
    looks: dict[Any, list[Second]] = defaultdict(list)
    held: dict[Any, list[Review]] = defaultdict(list)
    for second in seconds:
        for who in (second.first.by, second.review.by):  # who confirmed a decision did not decide unknowing
            assert who is not None  # it is decided
            names[who.pk] = who.username
            looks[who.pk].append(second)
    for review in golden:
        assert review.by is not None
        names[review.by.pk] = review.by.username
        held[review.by.pk].append(review)
    return [
        {
            "name": name,
            "looks": looks_words(quality.looks_of(looks[pk])),
            "golden": looks_words(quality.held_against(held[pk])),
        }
        for pk, name in sorted(names.items(), key=lambda pair: pair[1].casefold())
    ]


def _differing(second: Second) -> dict[str, Any]:
    return {
        "url": reverse("moderation:flag", args=[second.first.flag_id]),
        "at": second.review.decided_at,
        "policy": policies.label_of(second.first.policy),
        "first": outcome_words(second.first.outcome, second.first.closed_as),
        "again": outcome_words(second.review.outcome, second.review.closed_as),
        "reason": second.review.reason if second.review.case.destroyed_at is None else "",
        "is_marked": GoldenItem.objects.filter(decision=second.first).exists(),
        "mark_url": reverse("moderation:mark_golden", args=[second.first.flag_id]),
    }


def _detector(one: Detector) -> dict[str, Any]:
    return {
        "name": one.name,
        "upheld": one.upheld,
        "decided": one.decided,
        "untold": one.untold,
        "precision": percents(one.precision),
        "changed": one.changed is not None,
    }


def _chart(detectors: list[Detector]) -> Chart | None:
    known = [(one, one.precision) for one in detectors if one.precision is not None]
    if not known:
        return None
    return chart(
        "precision",
        gettext("How often people upheld what a check flagged"),
        gettext("Filled: the share. Outlined: how high it may be, with 95 percent confidence."),
        heights=[share.value if share else None for _, share in known],
        outlines=[share.high if share else None for _, share in known],
        columns={
            gettext("Check"): [one.name for one, _ in known],
            gettext("Upheld"): [percents(share) for _, share in known],
            gettext("Decided"): [str(one.decided) for one, _ in known],
        },
        slots=max(12, len(known)),
    )


def _items() -> list[GoldenItem]:
    rows = GoldenItem.objects.filter(retired_at=None, case__destroyed_at=None)
    flags = ("case", "post", "suggestion__job__revision", "suggestion__job__draft__post", "reply__draft__post")
    related = (f"decision__flag__{path}" for path in (*flags, "reply__revision", "raised_by"))
    return list(rows.select_related("case", "by", *related).prefetch_related("reviews").order_by("-at"))


def _golden(item: GoldenItem) -> dict[str, Any]:
    looks = [review for review in item.reviews.all() if review.decided_at is not None]
    return {
        "id": item.id,
        "text": flag_of(Review(item=item, offered_at=item.at)).subject.text,
        "language": item.language,
        "outcome": outcome_words(item.outcome, item.closed_as),
        "policy": policies.label_of(item.policy),
        "explanation": item.explanation,
        "by": item.by.username,
        "shown": len(looks),
        "same": sum(bool(review.same) for review in looks),
    }
