"""What the queue is given: plain values, decided here so that templates decide nothing."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.safety.types import Severity
from moderation import policy, reviews, sample
from moderation.flagged import flag_row
from moderation.models import Flag

PAGE = 50

FILTERS = {
    "": (gettext_noop("All open"), Q()),
    "posts": (gettext_noop("Posts"), Q(post__isnull=False)),
    "replies": (gettext_noop("Replies held"), Q(reply__isnull=False)),
    "suggestions": (gettext_noop("Suggestions"), Q(suggestion__isnull=False)),
    "reported": (gettext_noop("Reported by people"), Q(raised_by__isnull=False)),
    "samples": (gettext_noop("Samples"), Q(post__isnull=False, severity=Severity.NOTE)),
}


def queue_page(user: Any, chosen: str) -> dict[str, Any]:
    chosen = chosen if chosen in FILTERS else ""
    flags = Flag.objects.open().for_person(user)
    counts = flags.aggregate(
        **{f"n_{name or 'all'}": Count("id", filter=where) for name, (_, where) in FILTERS.items()}
    )
    rows = flags.filter(FILTERS[chosen][1]).with_subjects().in_order()[:PAGE]
    offered = reviews.offered(user)
    for name in FILTERS:
        counts[f"n_{name or 'all'}"] += sum(name in reviews.filters_of(flag) for flag in offered)
    fitting = [flag for flag in offered if chosen in reviews.filters_of(flag)]
    return {
        "flags": [flag_row(flag, user) for flag in reviews.mixed(rows, fitting)[:PAGE]],
        "chosen": chosen,
        "filters": [
            {
                "name": name,
                "label": gettext(label),
                "count": counts[f"n_{name or 'all'}"],
                "current": name == chosen,
                "url": reverse("moderation:queue") + (f"?show={name}" if name else ""),
            }
            for name, (label, _) in FILTERS.items()
        ],
        "total": counts["n_all"],
        "more": max(0, counts[f"n_{chosen or 'all'}"] - PAGE),
        "not_a_diagnosis": gettext(triage.NOT_A_DIAGNOSIS),
        "may_see_quality": user.has_perm(policy.VIEW_QUALITY),
        "sample": sample_words() if user.has_perm(policy.DECIDE_ESCALATED) else None,
    }


def sample_words() -> dict[str, Any]:
    """What the sample of unflagged posts tells a lead: this week, and since the start."""
    return {
        "week": share_words(sample.last_week()),
        "all": share_words(sample.since_the_start()),
        "waiting": sample.waiting(),
    }


def share_words(estimate: sample.Estimate) -> dict[str, Any]:
    return {"read": estimate.read, "missed": estimate.missed, "at_most": ceil(100 * estimate.at_most)}
