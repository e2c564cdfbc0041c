"""An alert in words: what it is about, how old it is, where it leads. Never what anybody wrote."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, ngettext

from moderation.ladder import Rung
from moderation.models import Alert, Delivery

INVARIANTS = {
    "held_without_flag": gettext_noop("held texts that nobody was asked to look at"),
    "flag_without_alert": gettext_noop("flags of which nobody was told"),
    "flag_for_nobody": gettext_noop("flags that nobody here may decide; somebody else needs the role"),
    "flag_overdue": gettext_noop("flags whose time is over and that nobody reviews"),
    "alert_late": gettext_noop("alerts of which a step is overdue"),
    "delivery_late": gettext_noop("alerts that could not be sent"),
    "shown_while_held": gettext_noop("texts that are shown although they are held"),
    "answered_without_reply": gettext_noop("posts that count as answered although no reply is held or sent"),
    "post_unscreened": gettext_noop("posts that no check has looked at"),
    "suggestion_unscreened": gettext_noop("suggestions that are shown although no check has looked at them"),
    "audit_broken": gettext_noop("faults at the end of the audit log"),
    "decision_without_event": gettext_noop("decisions that the audit log does not know"),
    "job_stuck": gettext_noop("suggestion jobs that nothing ends"),
    "unanswered_too_long": gettext_noop("posts of people who may be in danger that no supporter has taken in time"),
    "canary_rolled_back": gettext_noop("a model on trial that was rolled back by itself; see the page Trials"),
    "checks_changed": gettext_noop(
        "checks whose flags people uphold more or less often than before; see the page Quality"
    ),
    "reading_not_reviewed": gettext_noop("cases that somebody was let read, with a review that is overdue"),
}
RUNGS = {
    Rung.ON_DUTY: gettext_noop("first on duty"),
    Rung.AGAIN: gettext_noop("told again"),
    Rung.NEXT: gettext_noop("everybody on duty"),
    Rung.LEADS: gettext_noop("the leads"),
    Rung.ADMINS: gettext_noop("the admins"),
    Rung.EVERYBODY: gettext_noop("everybody"),
}
CHANNELS = {
    Delivery.Channel.IN_APP: gettext_noop("page"),
    Delivery.Channel.MAIL: gettext_noop("e-mail"),
    Delivery.Channel.WEBHOOK: gettext_noop("webhook"),
}


def headline(alert: Alert) -> str:
    match alert.kind:
        case Alert.Kind.TEST:
            return gettext("Test alert")
        case Alert.Kind.INVARIANT:
            return gettext("Lantern found: %(what)s") % {"what": invariant_words(alert.code)}
        case Alert.Kind.HAND_OVER:
            return gettext("Level %(level)s: a hand-over waits") % {"level": alert.level}
    if alert.is_for_second:
        return gettext("Level %(level)s: a decision waits for a second person") % {"level": alert.level}
    assert alert.flag is not None
    what = gettext("Level %(level)s: a post waits") if alert.flag.post_id else gettext("Level %(level)s: a reply waits")
    return what % {"level": alert.level}


def invariant_words(code: str) -> str:
    return gettext(INVARIANTS.get(code, code))


def held_since(alert: Alert) -> str:
    """Who has it and since when, by the clock of the site; empty while nobody has it."""
    if alert.holder is None:
        return ""
    at = timezone.localtime(alert.since)
    said = {"name": alert.holder.username, "time": f"{at:%H:%M} ({settings.TIME_ZONE})"}
    if has_outcome(alert):
        return gettext("%(name)s has it since %(time)s; no outcome yet.") % said
    return gettext("%(name)s has it since %(time)s.") % said


def has_outcome(alert: Alert) -> bool:
    """Whether it ends with one that somebody gives."""
    return alert.kind in (Alert.Kind.FLAG, Alert.Kind.HAND_OVER)


def minutes(passed: timedelta) -> str:
    count = max(0, int(passed.total_seconds() // 60))
    return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}


def link_to(alert: Alert) -> str:
    return f"{settings.PUBLIC_URL}{reverse('moderation:alert', args=[alert.id])}"
