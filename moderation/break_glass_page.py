"""What the pages of break-glass are given: for who asks, for who answers, and the one case that was opened."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant.models import AuditEvent, Draft, Post, Reply, Suggestion, Worry
from assistant.screens.triage import triage_of
from assistant.translated import finding_rows
from moderation.break_glass_forms import AskForm, ReviewForm
from moderation.models import BreakGlass, BreakGlassReview, Decision
from moderation.outcome_words import label_of

LAST = 20
STATES = {  # of drafts, suggestions and replies, for who did not write them
    "writing": gettext_noop("Being written"),
    "returned": gettext_noop("Returned"),
    "set_aside": gettext_noop("Given back"),
    "shown": gettext_noop("Shown"),
    "held": gettext_noop("Held"),
    "released": gettext_noop("Released"),
    "withheld": gettext_noop("Withheld"),
    "sent": gettext_noop("Sent"),
    "taken_back": gettext_noop("Taken back"),
}


def asking_page(user: Any, form: AskForm | None = None) -> dict[str, Any]:
    return {
        "form": form or AskForm(),
        "minutes": round(settings.BREAK_GLASS_TIME.total_seconds() / 60),
        "requests": [
            _row(row) | {"url": reverse("moderation:break_glass_case", args=[row.id]) if row.is_open else ""}
            for row in BreakGlass.objects.filter(by=user).select_related("case", "subject", "answered_by")[:LAST]
        ],
    }


def answering_page(user: Any, *, reviewing: tuple[uuid.UUID, ReviewForm] | None = None) -> dict[str, Any]:
    """`reviewing`: a form that was refused, with the review that it is about."""
    asked = BreakGlass.objects.asked().select_related("case", "subject__post", "by", "answered_by")
    reviews = BreakGlassReview.objects.select_related(
        "case", "about__case", "about__by", "about__answered_by", "about__subject"
    )
    return {
        "minutes": round(settings.BREAK_GLASS_TIME.total_seconds() / 60),
        "asked": [_row(row) | _subject(row) | {"is_own": row.by_id == user.pk} for row in asked.order_by("asked_at")],
        "to_review": [
            _review(review)
            | {
                "is_own": review.about.by_id == user.pk,
                "goes_on": review.about.is_open and not (reviewing and reviewing[0] == review.id),
                "form": reviewing[1]
                if reviewing and reviewing[0] == review.id
                else ReviewForm(auto_id=f"review-{review.id}-%s"),
            }
            for review in reviews.filter(Q(closed_at=None) | Q(id=reviewing[0] if reviewing else None))
        ],
        "reviewed": [_review(review) for review in reviews.exclude(closed_at=None).order_by("-closed_at")[:LAST]],
    }


def case_page(row: BreakGlass) -> dict[str, Any]:
    """Everything of one case, to read and for nothing else."""
    post = Post.objects.select_related("case").get(case_id=row.subject_id)
    return {
        "until": row.until,
        "post": post,
        "triage": triage_of(post),
        "findings": finding_rows(post.findings.all()),
        "texts": sorted(_texts(post), key=lambda text: text["at"]),
    }


def waiting_for(user: Any) -> int:
    """How many requests and reviews wait for this lead, or for another one."""
    asked = BreakGlass.objects.asked().exclude(by=user).order_by().values("id")
    due = BreakGlassReview.objects.waiting().exclude(about__by=user).order_by().values("id")
    return asked.union(due, all=True).count()


def _texts(post: Post) -> list[dict[str, Any]]:
    case = {"case_id": post.case_id}
    texts = [
        _text(gettext("Worry"), worry.by.username, worry.at, worry.note)
        for worry in Worry.objects.filter(**case).select_related("case", "by")
        if worry.note
    ]
    for draft in Draft.objects.filter(**case).select_related("author"):
        head = draft.head()
        if head is not None:
            what = gettext("Draft, revision %(number)s") % {"number": head.number}
            texts.append(_text(what, draft.author.username, head.saved_at, head.text, state=STATES[draft.status]))
    texts += [
        _text(gettext("Suggestion"), "", row.created_at, row.text, state=STATES[row.status])
        for row in Suggestion.objects.filter(**case).select_related("case")
    ]
    texts += [
        _text(
            gettext("Reply"),
            row.draft.author.username,
            row.created_at,
            row.text,
            state=STATES[row.status],
            note=row.note,
        )
        for row in Reply.objects.filter(**case).select_related("case", "draft__author")
    ]
    texts += [
        _text(
            gettext("Decision"),
            row.by.username,
            row.at,
            row.reason,
            state=label_of(row.outcome),
        )
        for row in Decision.objects.filter(**case).select_related("case", "by")
    ]
    return texts


def _text(what: str, who: str, at: Any, text: str, *, state: str = "", note: str = "") -> dict[str, Any]:
    return {"what": what, "who": who, "at": at, "text": text, "state": gettext(state) if state else "", "note": note}


def _row(row: BreakGlass) -> dict[str, Any]:
    return {
        "id": row.id,
        "by": row.by.username,
        "reason": row.reason,
        "asked_at": row.asked_at,
        "answered_by": row.answered_by.username if row.answered_by else "",
        "answered_at": row.answered_at,
        "until": row.until,
        "state": _state(row),
    }


def _state(row: BreakGlass) -> str:
    if row.status == BreakGlass.Status.REFUSED:
        return gettext("Refused")
    if row.status == BreakGlass.Status.ALLOWED:
        return gettext("Open to you") if row.is_open else gettext("Over")
    return gettext("Waits for a lead") if row.can_be_answered else gettext("Not answered in time")


def _subject(row: BreakGlass) -> dict[str, Any]:
    return {"post_id": row.subject.post.id, "level": row.subject.post.level}


def _review(review: BreakGlassReview) -> dict[str, Any]:
    return _row(review.about) | {
        "review_id": review.id,
        "due_at": review.due_at,
        "is_overdue": review.is_overdue,
        "outcome": review.get_outcome_display(),
        "note": review.note,
        "closed_by": review.closed_by.username if review.closed_by else "",
        "closed_at": review.closed_at,
        "times_read": AuditEvent.objects.filter(action="break_glass.read", object_id=str(review.about_id)).count(),
    }
