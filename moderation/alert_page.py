"""What every page of somebody who is told of alerts shows at its top; and what a supporter sees of their own hand-overs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now
from django.urls import reverse

from assistant.models import clock
from assistant.models.clock import from_now
from assistant.screens.triage import helplines_for
from moderation import alert_words, notifier
from moderation.actions import alerts
from moderation.models import Alert, Delivery, Escalation
from moderation.policy import DECIDE_ESCALATED, VIEW_FLAGS

HAND_OVERS_SHOWN_FOR = timedelta(hours=24)
PRESSING_FROM = 3  # the level from which an alert is shown as what cannot wait


def banner(person: Any, *, at: uuid.UUID | None = None) -> dict[str, Any]:
    """Shown to this person now: from here on it counts as delivered to their page. `at`: the flag whose page it is; the alert
    about that one is left out there, and the others are one line until somebody opens it."""
    rows = list(Alert.objects.told_to(person).select_related("flag", "holder").order_by("-level", "opened_at", "id"))
    unseen = Delivery.objects.filter(
        person=person, channel=Delivery.Channel.IN_APP, delivered_at=None, alert__in=[row.id for row in rows]
    )
    if rows and unseen.exists():
        unseen.update(delivered_at=Now(), error="")
    silent, since = notifier.silent_since()
    rows = [row for row in rows if at is None or row.flag_id != at]
    shown = [alert_row(row, person) for row in rows]
    return {
        "rows": shown,
        "at": at,
        "is_folded": at is not None and bool(shown),
        "is_pressing": any(row["pressing"] and (row["overdue"] or not row["mine"]) for row in shown),
        "silent": silent,
        "silent_since": since if silent else None,
        # Changes when there is something else to show, so that the page is left alone meanwhile.
        "state": " ".join([f"{row.id}.{row.epoch}.{row.step}" for row in rows] + ["silent"] * silent),
    }


def alert_row(alert: Alert, person: Any) -> dict[str, Any]:
    mine = alert.holder_id == person.pk
    due = outcome_due(alert) if mine else None
    return {
        "id": alert.id,
        "headline": alert_words.headline(alert),
        "opened_at": alert.opened_at,
        "pressing": alert.level >= PRESSING_FROM,
        "mine": mine,
        "holder": alert.holder.username if alert.holder else "",
        "outcome_due": due,
        "overdue": due is not None and due <= clock.now(),
        "url": where_it_is_decided(alert, person),
        "said_here": alert.kind in (Alert.Kind.TEST, Alert.Kind.INVARIANT),
    }


def outcome_due(alert: Alert) -> datetime | None:
    if alert.kind not in (Alert.Kind.FLAG, Alert.Kind.HAND_OVER):
        return None
    return alert.since + alerts.urgency_of(alert).clocks.clock


def where_it_is_decided(alert: Alert, person: Any) -> str:
    """The page where this person can do something about it; empty for who may not see the case."""
    if alert.kind == Alert.Kind.HAND_OVER and person.has_perm(DECIDE_ESCALATED):
        return reverse("moderation:hand_over", args=[alert.escalation_id])
    if alert.kind == Alert.Kind.FLAG and person.has_perm(VIEW_FLAGS):
        return reverse("moderation:flag", args=[alert.flag_id])
    return ""


def own_hand_overs(person: Any) -> list[dict[str, Any]]:
    """Of the last day, that have not ended: whether somebody has it, and whom to turn to while nobody has."""
    rows = Escalation.objects.open().filter(
        by=person, flag__post__isnull=False, at__gte=from_now(-HAND_OVERS_SHOWN_FOR)
    )
    return [
        {
            "at": row.at,
            "holder": row.acknowledged_by.username if row.acknowledged_by else "",
            "held_at": row.acknowledged_at,
            "helplines": helplines_for(row.flag.subject_post, []),
        }
        for row in rows.select_related("flag__post", "acknowledged_by").order_by("at")
    ]
