"""Break-glass: asking to read one case, answering, reading, and reviewing afterwards. Two people, one case, a limited time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import BreakGlass, BreakGlassReview

REVIEW_WITHIN = timedelta(hours=24)


@one_transaction
def ask_to_read(subject: CaseKey, *, reason: str, by: Any) -> BreakGlass:
    """The second click finds the first request."""
    known = BreakGlass.objects.asked().filter(by=by, subject=subject).first()
    if known is not None:
        return known
    row = BreakGlass(case=CaseKey.open_case(), subject=subject, by=by, reason=reason)
    row.save(force_insert=True)
    _record("break_glass.asked", row, by=by)
    return row


@one_transaction
def allow_reading(row: BreakGlass, *, by: Any) -> None:
    """From now on, for BREAK_GLASS_TIME. A review is due a day after that, whatever is read meanwhile."""
    now = timezone.now()
    until = now + settings.BREAK_GLASS_TIME
    _answer(row, by=by, status=BreakGlass.Status.ALLOWED, answered_at=now, until=until)
    BreakGlassReview(case=row.case, about=row, due_at=until + REVIEW_WITHIN).save(force_insert=True)
    _record("break_glass.allowed", row, by=by)


@one_transaction
def refuse_reading(row: BreakGlass, *, by: Any) -> None:
    _answer(row, by=by, status=BreakGlass.Status.REFUSED, answered_at=timezone.now())
    _record("break_glass.refused", row, by=by)


@one_transaction
def note_break_glass_reading(row: BreakGlass, *, by: Any) -> None:
    _record("break_glass.read", row, by=by)


@one_transaction
def review_reading(review: BreakGlassReview, *, outcome: str, note: str, by: Any) -> None:
    """Whoever read does not review it, and nobody while it can still be read. Once is enough."""
    _refuse_own(review.about, by=by)
    review = BreakGlassReview.objects.select_for_update(of=("self",)).select_related("case", "about").get(id=review.id)
    if review.closed_at is not None:
        raise Refused("reviewed", gettext("Somebody has reviewed this already. Nothing was done."))
    if review.about.is_open:
        raise Refused(
            "still_read",
            gettext("The case can still be read. Review it when that is over: then it is known what was read."),
        )
    review.outcome, review.note, review.closed_by, review.closed_at = outcome, note, by, timezone.now()
    review.save(update_fields=["outcome", "note", "closed_by", "closed_at"])
    _record("break_glass.reviewed", review.about, by=by, code=outcome)


def _answer(row: BreakGlass, *, by: Any, status: BreakGlass.Status, **also: Any) -> None:
    _refuse_own(row, by=by)
    if not BreakGlass.objects.asked().filter(id=row.id).update(status=status, answered_by=by, **also):
        raise Refused("answered", gettext("This request was answered already, or is too old. Nothing was done."))


def _refuse_own(row: BreakGlass, *, by: Any) -> None:
    if row.by_id == by.pk:
        raise Refused("own", gettext("This is your own request. Somebody else decides about it."), status=403)


def _record(action: str, row: BreakGlass, *, by: Any, code: str = "") -> None:
    audit.record(action, actor=by, object_type="break_glass", object_id=row.id, code=code)
