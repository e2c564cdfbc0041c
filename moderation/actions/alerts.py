"""Alerts begin, go up the ladder, change hands and end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from assistant.models import clock
from assistant.streaming import poke
from assistant.vault import audit
from moderation import duty, ladder
from moderation.invariant_rules import telling_of
from moderation.ladder import Due, Ladder, Rota, Rung
from moderation.models import Alert, Delivery, Escalation, Flag

log = logging.getLogger("lantern.alerts")

Kind = Alert.Kind
LATE = timedelta(seconds=30)


# Beginning, in the transaction of what it is about


def alert_of_flag(flag: Flag) -> Alert | None:
    """The alert of an open flag, begun now or raised to the flag's level; None where nobody has to be told."""
    urgency = duty.urgency_of(flag)
    if urgency is None or flag.escalated:
        return None
    known = Alert.objects.select_for_update().filter(flag=flag, kind=Kind.FLAG, closed_at=None).first()
    if known is None:
        return _begin(Alert(kind=Kind.FLAG, flag=flag, level=urgency.level))
    if known.level < urgency.level:
        Alert.objects.filter(id=known.id).update(level=urgency.level)
        known.level = urgency.level
        if known.holder_id is None and known.change_hands(None):
            _tell_from_the_first(known)
    return known


def alert_of_hand_over(escalation: Escalation) -> Alert:
    level = duty.urgency_of_hand_over(escalation.flag).level
    return _begin(Alert(kind=Kind.HAND_OVER, escalation=escalation, level=level))


def alert_of_invariant(code: str) -> Alert:
    return _begin(Alert(kind=Kind.INVARIANT, code=code))


@transaction.atomic
def send_test(*, to: Any) -> Alert:
    """To nobody else; an earlier one is over with it."""
    Alert.objects.filter(kind=Kind.TEST, holder=None, closed_at=None, deliveries__person=to).update(closed_at=Now())
    alert = Alert(kind=Kind.TEST)
    alert.save(force_insert=True)
    _deliver_to([to], alert, step=0, rung=Rung.ON_DUTY)
    audit.record("alert.opened", actor=to, object_type="alert", object_id=alert.id, code=Kind.TEST)
    poke.queue_changed()
    return alert


def _begin(alert: Alert) -> Alert:
    alert.save(force_insert=True)
    _tell_from_the_first(alert)
    code = alert.code or f"{alert.kind} level {alert.level}"
    audit.record("alert.opened", actor=None, object_type="alert", object_id=alert.id, code=code)
    poke.queue_changed()
    return alert


def _tell_from_the_first(alert: Alert) -> None:
    """Of an alert that nobody has."""
    alert.refresh_from_db()
    first = ladder_of(alert).steps[0]
    _tell(alert, frozenset({first.rung}), step=first.number, rota=duty.rota(clock.now()))


# The ladder of an alert


def urgency_of(alert: Alert) -> duty.Urgency:
    found = duty.urgency_at(alert.level) or duty.Urgency(alert.level, (), duty.STRICTEST)  # the policy changed since
    return duty.for_hand_over(found) if alert.kind == Kind.HAND_OVER else found


def ladder_of(alert: Alert) -> Ladder:
    match alert.kind:
        case Kind.TEST:
            return ladder.once()
        case Kind.INVARIANT:
            return ladder.now_and_every(telling_of(alert.code).again)
    clocks = urgency_of(alert).clocks
    return ladder.until_taken(clocks) if alert.holder_id is None else ladder.until_ended(clocks)


def due(alert: Alert, now: datetime) -> Due | None:
    return ladder_of(alert).due(since=alert.since, taken=alert.step, now=now)


def advance(*, now: datetime | None = None) -> int:
    """Take every step that is due; how many were. Any number of processes may do this at once. `now`: for tests."""
    now = now or clock.now()
    waiting = [(alert, step) for alert in Alert.objects.live() if (step := due(alert, now)) is not None]
    rota = duty.rota(now) if waiting else Rota()
    return sum(_take_if_possible(alert, step, rota) for alert, step in waiting)


def _take_if_possible(alert: Alert, step: Due, rota: Rota) -> bool:
    """What is wrong with one alert must not keep the others."""
    try:
        return _take(alert, step, rota)
    except Exception as error:
        log.exception("alert_step_failed", extra={"alert": str(alert.id), "error": type(error).__name__})
        return False


@transaction.atomic
def _take(alert: Alert, step: Due, rota: Rota) -> bool:
    here = Alert.objects.filter(id=alert.id, epoch=alert.epoch, step=alert.step, closed_at=None)
    if not here.update(step=step.number):
        return False
    _tell(alert, step.rungs, step=step.number, rota=rota)
    audit.record("alert.step", actor=None, object_type="alert", object_id=alert.id, code=f"{step.number} {step.rung}")
    poke.queue_changed()
    return True


def late(now: datetime) -> list[Alert]:
    """Those of which a step is overdue: whatever should take it does not."""
    found = [(alert, due(alert, now)) for alert in Alert.objects.live()]
    return [alert for alert, step in found if step is not None and step.since < now - LATE]


def close_finished() -> int:
    """Those whose matter is over."""
    live = Alert.objects.live().values("id")
    return Alert.objects.filter(closed_at=None).exclude(id__in=live).update(closed_at=Now())


def _tell(alert: Alert, rungs: frozenset[Rung], *, step: int, rota: Rota) -> None:
    people = get_user_model().objects.in_bulk(_whom(alert, rungs, rota))
    highest = max(rungs, key=list(Rung).index)
    _deliver_to(people.values(), alert, step=step, rung=highest)


def _whom(alert: Alert, rungs: frozenset[Rung], rota: Rota) -> list[object]:
    if alert.kind == Kind.INVARIANT:
        return telling_of(alert.code).whom(rota, holder=alert.holder_id)
    return rota.told(sorted(rungs), lines=urgency_of(alert).lines, holder=alert.holder_id)


def _deliver_to(people: Iterable[Any], alert: Alert, *, step: int, rung: Rung) -> None:
    rows = [(person, Delivery.Channel.IN_APP) for person in people]
    if settings.EMAIL_RELAY_URL:
        rows += [(person, Delivery.Channel.MAIL) for person, _ in rows if person.email]
    if settings.ALERT_WEBHOOK_URL:
        rows.append((None, Delivery.Channel.WEBHOOK))
    Delivery.objects.bulk_create(
        Delivery(alert=alert, epoch=alert.epoch, step=step, rung=rung, person=person, channel=channel)
        for person, channel in rows
    )


# Changing hands


@transaction.atomic
def acknowledge(alert: Alert, *, by: Any) -> bool:
    """Somebody has it, or still has it: the clock of the outcome runs from now. False when it changed meanwhile."""
    if not alert.change_hands(by):
        return False
    if alert.kind == Kind.TEST:
        Alert.objects.filter(id=alert.id).update(closed_at=Now())
    if alert.escalation_id is not None:
        Escalation.objects.filter(id=alert.escalation_id).update(acknowledged_by=by, acknowledged_at=Now())
    audit.record("alert.acknowledged", actor=by, object_type="alert", object_id=alert.id)
    poke.queue_changed()
    return True


def acknowledge_flag(flag: Flag, *, by: Any) -> None:
    """Whoever claims a flag has its alerts. Renewing the claim does not turn the clock back: an open page does that by itself."""
    for alert in _alerts_of(flag):
        if alert.holder_id != by.pk:
            acknowledge(alert, by=by)


def give_up_flag(flag: Flag, *, by: Any) -> None:
    for alert in _alerts_of(flag):
        if alert.holder_id == by.pk:
            give_up(alert, by=by)


@transaction.atomic
def give_up(alert: Alert, *, by: Any) -> None:
    """Somebody else must take it: everybody is told from the first rung on."""
    if not alert.change_hands(None):
        return
    if alert.escalation_id is not None:
        Escalation.objects.filter(id=alert.escalation_id).update(acknowledged_by=None, acknowledged_at=None)
    audit.record("alert.given_up", actor=by, object_type="alert", object_id=alert.id)
    _tell_from_the_first(alert)
    poke.queue_changed()


def _alerts_of(flag: Flag) -> Iterable[Alert]:
    return Alert.objects.live().filter(Q(flag=flag) | Q(escalation__flag=flag))
