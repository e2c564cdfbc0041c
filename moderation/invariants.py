"""What must always be true. Each check counts; 0 is well. Who is told when it is not: invariant_rules.py."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Set
from datetime import timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from assistant import triage
from assistant.actions import let_go, without_reply
from assistant.models import AuditEvent, Canary, Post, Reply, Suggestion, SuggestionJob, clock
from assistant.models.clock import from_now
from assistant.safety.types import Level, Severity
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation import deciders, duty, holds, quality
from moderation.actions import alerts, escalations
from moderation.due import overdue_for_nobody
from moderation.invariant_rules import telling_of
from moderation.models import Alert, BreakGlassReview, Decision, Delivery, Escalation, Flag, LastCheck

log = logging.getLogger("lantern.alerts")

AT_THE_END = 200  # audit events, and decided flags, that are read again each time; verify_audit reads all events
LATELY = timedelta(days=1)
SENT_WITHIN = timedelta(minutes=2)
JOBS_END_WITHIN = timedelta(minutes=5)
SWEPT_WITHIN = timedelta(minutes=5)
TOLD_IN_ONE_ROUND = 50


def held_without_flag() -> int:
    return sum(1 for _ in holds.held_without_flag())


def flags_without_alert() -> list[Flag]:
    levels = [level.value for level in Level if duty.urgency_at(level) is not None]
    urgent = Q(level__in=levels) | Q(raised_by__isnull=False, severity=Severity.HOLD)
    told = Alert.objects.filter(kind=Alert.Kind.FLAG, closed_at=None).values("flag")
    flags = Flag.objects.open().filter(urgent, escalated=False).exclude(id__in=told)
    flags = flags.select_related("case").order_by("-level", "opened_at")
    return [flag for flag in flags if duty.urgency_of(flag) is not None]


def hand_overs_without_alert() -> list[Escalation]:
    told = Alert.objects.filter(kind=Alert.Kind.HAND_OVER, closed_at=None).values("escalation")
    return list(Escalation.objects.open().exclude(id__in=told).select_related("flag"))


def flag_without_alert() -> int:
    return len(flags_without_alert()) + len(hand_overs_without_alert()) + len(escalations.without_hand_over())


def alert_late() -> int:
    return len(alerts.late(clock.now()))


def delivery_late() -> int:
    """What was to leave the site and did not. What waits for a page is not late: nobody may have one open."""
    outside = (Delivery.Channel.MAIL, Delivery.Channel.WEBHOOK)
    rows = Delivery.objects.filter(channel__in=outside, delivered_at=None, made_at__lt=from_now(-SENT_WITHIN))
    return rows.filter(epoch=F("alert__epoch"), alert__in=Alert.objects.live().values("id")).count()


def shown_while_held() -> int:
    held_at_work = Post.objects.filter(status=Post.Status.HELD, leased_until__gt=Now(), case__destroyed_at=None)
    unapproved = Suggestion.objects.filter(status=Suggestion.Status.RELEASED, approval=None)
    sent = Reply.objects.filter(status=Reply.Status.SENT, was_held=True, approval=None)
    return held_at_work.count() + unapproved.count() + sent.count()


def answered_without_reply() -> int:
    """Posts whose author had a reply back and whose time with it ended long ago: the sweeper should have let them go."""
    return _left_without_reply().count()


def _left_without_reply() -> QuerySet[Post]:
    return without_reply().filter(Q(leased_until=None) | Q(leased_until__lt=from_now(-SWEPT_WITHIN)))


def audit_broken() -> int:
    """At its end: the last events are read anew, and the one that was last a minute ago must still be there."""
    row = LastCheck.objects.filter(id=1).first()
    seen = (row.audit_seq, row.audit_mac) if row is not None and row.audit_seq else None
    return sum(1 for _ in audit.faults_in_chain(checkpoint=seen, last=AT_THE_END))


def job_stuck() -> int:
    """Running with a lease that ended long ago: the sweeper should have given it to another."""
    return SuggestionJob.objects.running().filter(lease_until__lt=from_now(-JOBS_END_WITHIN)).count()


def unanswered_too_long() -> int:
    """Posts of a level of danger that supporters may answer, and that none has taken since the clock of the level ran out."""
    released = Decision.objects.filter(id=OuterRef("approval")).values("at")
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    waiting = Post.objects.readable().filter(free, status=Post.Status.WAITING)
    posts: Any = waiting.annotate(since=Coalesce(Subquery(released), F("received_at")))
    clocks = {level: triage.clock(level) for level in Level if level >= Level.ACTIVE}
    late = [
        posts.filter(level=level, since__lt=from_now(-clock)) for level, clock in clocks.items() if clock is not None
    ]
    return sum(found.count() for found in late)


def canary_rolled_back() -> int:
    """Candidates that went back by themselves; people hear of it until an admin has seen it."""
    return Canary.unseen().count()


def flag_for_nobody() -> int:
    """Whoever could decide it wrote it, decided it before or proposed what waits for another: it would wait for ever."""
    return deciders.flags_for_nobody()


def reading_not_reviewed() -> int:
    """Readings under break-glass whose review is overdue."""
    return BreakGlassReview.objects.overdue().count()


def flag_overdue() -> int:
    return overdue_for_nobody().count()


def post_unscreened() -> int:
    """Of those that wait, and of those that were answered within a day: no version of the checks has looked at them."""
    answered = Q(status=Post.Status.ANSWERED, received_at__gt=from_now(-LATELY))
    rows = Post.objects.filter(Q(status__in=(Post.Status.WAITING, Post.Status.HELD)) | answered)
    return rows.filter(screening_version="", case__destroyed_at=None).count()


def suggestion_unscreened() -> int:
    """Shown within a day."""
    shown = Suggestion.objects.filter(status__in=Suggestion.VISIBLE, created_at__gt=from_now(-LATELY))
    return shown.filter(screening_version="", case__destroyed_at=None).count()


def decision_without_event() -> int:
    """Of the flags that were decided last: decisions that the audit log does not know."""
    decided = Flag.objects.filter(status=Flag.Status.DECIDED).order_by("-closed_at")
    flags = list(decided.values_list("id", flat=True)[:AT_THE_END])
    made = Counter(str(flag_id) for flag_id in Decision.objects.filter(flag__in=flags).values_list("flag", flat=True))
    known = AuditEvent.objects.filter(action="flag.decided", object_id__in=[str(flag_id) for flag_id in flags])
    events = known.values_list("object_id", flat=True)
    return (made - Counter(events)).total()


def checks_changed() -> int:
    """Checks of which people uphold another share than before, until a lead has opened the page in this week."""
    changed = quality.changed_this_week()
    return len(changed) if changed and not quality.was_looked_at_this_week() else 0


CHECKS: dict[str, Callable[[], int]] = {
    "held_without_flag": held_without_flag,
    "flag_without_alert": flag_without_alert,
    "flag_for_nobody": flag_for_nobody,
    "flag_overdue": flag_overdue,
    "alert_late": alert_late,
    "delivery_late": delivery_late,
    "shown_while_held": shown_while_held,
    "answered_without_reply": answered_without_reply,
    "post_unscreened": post_unscreened,
    "suggestion_unscreened": suggestion_unscreened,
    "audit_broken": audit_broken,
    "decision_without_event": decision_without_event,
    "job_stuck": job_stuck,
    "unanswered_too_long": unanswered_too_long,
    "canary_rolled_back": canary_rolled_back,
    "checks_changed": checks_changed,
    "reading_not_reviewed": reading_not_reviewed,
}


def failing() -> dict[str, int]:
    """How many, by code; what is well is left out."""
    found = {code: check() for code, check in CHECKS.items()}
    return {code: count for code, count in found.items() if count}


def check_and_tell() -> dict[str, int]:
    """Leads and admins are told of what fails, and no longer of what is well again. Whom nobody was told of, is told of now."""
    at_the_end = audit.head()
    found = failing()
    seen = {} if "audit_broken" in found else {"audit_seq": at_the_end[0], "audit_mac": at_the_end[1]}
    LastCheck.objects.update_or_create(id=1, defaults={"at": Now(), "failing": found, **seen})
    _tell_of(found.keys())
    if "flag_without_alert" in found:
        tell_of_the_untold()
    if "answered_without_reply" in found:
        for post_id in list(_left_without_reply().values_list("id", flat=True)[:TOLD_IN_ONE_ROUND]):
            let_go(post_id)
    return found


@one_transaction
def _tell_of(codes: Set[str]) -> None:
    open_now = Alert.objects.filter(kind=Alert.Kind.INVARIANT, closed_at=None)
    known = set(open_now.select_for_update().values_list("code", flat=True))
    open_now.exclude(code__in=codes).update(closed_at=Now())
    for code in codes - known:
        if not _goes_on(code):
            alerts.alert_of_invariant(code)


def _goes_on(code: str) -> bool:
    """Of what comes and goes: the last alert is open again, so that nobody is told more often than its rule says."""
    telling = telling_of(code)
    if not telling.comes_and_goes:
        return False
    told = Delivery.objects.filter(
        alert__kind=Alert.Kind.INVARIANT, alert__code=code, made_at__gt=from_now(-telling.again)
    )
    last = told.order_by("-made_at").values_list("alert", flat=True).first()
    return last is not None and Alert.objects.filter(id=last).update(closed_at=None) == 1


def tell_of_the_untold() -> None:
    """Some each minute, and each in a transaction of its own: one for all of them would hold up everybody who writes."""
    for flag in flags_without_alert()[:TOLD_IN_ONE_ROUND]:
        _tell_if_possible(alerts.alert_of_flag, flag)
    for flag in escalations.without_hand_over()[:TOLD_IN_ONE_ROUND]:
        _tell_if_possible(escalations.hand_over_again, flag)
    for escalation in hand_overs_without_alert()[:TOLD_IN_ONE_ROUND]:
        _tell_if_possible(alerts.alert_of_hand_over, escalation)


def _tell_if_possible(tell: Callable[[Any], object], about: Flag | Escalation) -> None:
    """What is wrong with one of them must not keep the others."""
    try:
        one_transaction(tell)(about)
    except Exception as error:
        flag_id = about.id if isinstance(about, Flag) else about.flag_id
        log.exception("untold_failed", extra={"flag": str(flag_id), "error": type(error).__name__})
