"""What every page of somebody who is told of alerts shows at its top; and what a supporter sees of their own hand-overs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from assistant.models import clock
from assistant.models.clock import from_now
from assistant.screens.triage import helplines_for
from moderation import alert_words, notifier
from moderation.actions import alerts
from moderation.models import Alert, Delivery, Escalation
from moderation.models.alerts import AlertQuerySet
from moderation.policy import DECIDE_ESCALATED, VIEW_FLAGS

HAND_OVERS_SHOWN_FOR = timedelta(hours=24)
SHOWN = 20  # at the top of every page
PRESSING_FROM = 3  # the level from which an alert is shown as what cannot wait


def banner(person: Any, *, at: uuid.UUID | None = None) -> dict[str, Any]:
    """Shown to this person now: from here on it counts as delivered to their page. `at`: the flag whose page it is; the alert
    about that one is left out there, and the others are one line until somebody opens it."""
    all_told = Alert.objects.told_to(person)
    rows = first_of(all_told.with_told(person), SHOWN)
    # Where there are more, the newest of all stands for them: the page rings for what it has not shown yet.
    more = all_told.count() - SHOWN if len(rows) == SHOWN else 0
    newest = all_told.order_by("-opened_at", "-id").values_list("id", flat=True).first() if more else None
    if unseen := [row.id for row in rows if row.unseen]:
        to_this_page = Delivery.objects.filter(person=person, channel=Delivery.Channel.IN_APP, alert__in=unseen)
        to_this_page.filter(delivered_at=None).update(delivered_at=Now(), error="")
    silent, since = notifier.silent_since()
    rows = [row for row in rows if at is None or row.flag_id != at]
    shown = [alert_row(row, person) | told(row) for row in rows]
    return {
        "rows": shown,
        "at": at,
        "is_folded": at is not None and bool(shown),
        "is_pressing": any(row["pressing"] and (row["overdue"] or not row["mine"]) for row in shown),
        "more": more,
        "newest": newest,
        "silent": silent,
        "silent_since": since if silent else None,
        # Changes when there is something else to show, so that the page is left alone meanwhile.
        "state": " ".join(
            [f"{row.id}.{row.epoch}.{row.step}" for row in rows]
            + [f"{more}.{newest}"] * bool(more)
            + ["silent"] * silent
        ),
    }


def told(alert: Alert) -> dict[str, Any]:
    """How often this person was told since the last change of hands. Another `told` is something new: the page rings then."""
    return {
        "told": f"{alert.id}.{alert.epoch}.{alert.last_step}" if alert.times_told else "",
        "told_again_at": alert.last_told_at if alert.times_told > 1 else None,
    }


def first_of(rows: AlertQuerySet, count: int) -> list[Alert]:
    """The highest level first, then what waits longest."""
    return list(rows.select_related("flag", "holder").order_by("-level", "opened_at", "id")[:count])


def alert_row(alert: Alert, person: Any) -> dict[str, Any]:
    mine = alert.holder_id == person.pk
    due = outcome_due(alert) if mine else None
    url = where_it_is_decided(alert, person)
    said_here = alert.kind in (Alert.Kind.TEST, Alert.Kind.INVARIANT)
    return {
        "id": alert.id,
        "headline": alert_words.headline(alert),
        "opened_at": alert.opened_at,
        "level": alert.level,
        "pressing": alert.level >= PRESSING_FROM,
        "mine": mine,
        "holder": alert.holder.username if alert.holder else "",
        "held_since": alert.since if alert.holder else None,
        "has_outcome": alert_words.has_outcome(alert),
        "outcome_due": due,
        "overdue": due is not None and due <= clock.now(),
        "url": url,
        "said_here": said_here,
        "may_take": not mine and (said_here or not url) and not alert.is_hand_over_of_another(person),
    }


def outcome_due(alert: Alert) -> datetime | None:
    if not alert_words.has_outcome(alert):
        return None
    return alert.since + alerts.urgency_of(alert).clocks.clock


def where_it_is_decided(alert: Alert, person: Any) -> str:
    """The page where this person can do something about it; empty for who may not see the case."""
    if alert.kind == Alert.Kind.HAND_OVER and person.has_perm(DECIDE_ESCALATED):
        return reverse("moderation:hand_over", args=[alert.escalation_id])
    if alert.flag is not None and person.has_perm(DECIDE_ESCALATED if alert.flag.escalated else VIEW_FLAGS):
        return reverse("moderation:flag", args=[alert.flag_id])
    return ""


def own_hand_overs(person: Any) -> list[dict[str, Any]]:
    """Of the last day, that have not ended: whether somebody has it, and whom to turn to while nobody has. And those whose end
    is news, without what became of anybody. Asked for by the page that shows them: then they were told."""
    of_end = Delivery.objects.filter(person=person, rung=Delivery.ENDED, delivered_at=None)
    is_news = Q(closed_at__isnull=False, id__in=of_end.values("alert__escalation"))
    is_open = Q(id__in=Escalation.objects.open().values("id"), at__gte=from_now(-HAND_OVERS_SHOWN_FOR))
    rows = Escalation.objects.filter(is_news | is_open, by=person, flag__post__isnull=False, case__destroyed_at=None)
    shown = [own_hand_over(row) for row in rows.select_related("flag__post", "acknowledged_by").order_by("at")]
    if any(one["ended"] for one in shown):
        of_end.update(delivered_at=Now())
    return shown


def own_hand_over(row: Escalation) -> dict[str, Any]:
    return {
        "at": row.at,
        "holder": row.acknowledged_by.username if row.acknowledged_by else "",
        "held_at": row.acknowledged_at,
        "helplines": helplines_for(row.flag.subject_post, []),
        "ended": row.closed_at is not None,
    }
