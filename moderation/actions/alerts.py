"""Alerts begin, go up the ladder, change hands and end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Min, Q
from django.db.models.functions import Now

from assistant.models import clock
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation import duty, ladder
from moderation.invariant_rules import telling_of
from moderation.ladder import Due, Ladder, Rota, Rung
from moderation.models import SECOND, Alert, Delivery, Escalation, Flag, Proposal

log = logging.getLogger("lantern.alerts")

Kind = Alert.Kind
LATE = timedelta(seconds=30)
ALIKE_AT_MOST = 100  # groups that are asked for by name; databases have a limit for such questions


# Beginning, in the transaction of what it is about


def alert_of_flag(flag: Flag, *, by: Any | None = None, pressing: bool = False) -> Alert | None:
    """The alert of an open flag, begun now or raised to the flag's level; None where nobody has to be told.

    `pressing`: since a moment ago it cannot wait, and whoever has it may have looked away.
    """
    urgency = duty.urgency_of(flag)
    if urgency is None or flag.escalated:
        return None
    known = Alert.objects.select_for_update(no_key=True).filter(flag=flag, kind=Kind.FLAG, closed_at=None).first()
    if known is None:
        return _begin(Alert(kind=Kind.FLAG, flag=flag, level=urgency.level), by=by)
    if pressing or known.level < urgency.level:
        Alert.objects.filter(id=known.id).update(level=max(known.level, urgency.level))
        _tell_again(known)
    return known


def alert_of_proposal(flag: Flag, *, by: Any) -> None:
    """Those who may confirm what was proposed are told, from the first rung on; whatever was told of the flag before is over."""
    urgency = duty.urgency_of_proposal(flag)
    if urgency is not None:
        _end_of_flag(flag)
        _begin(Alert(kind=Kind.FLAG, flag=flag, level=urgency.level, code=SECOND), by=by)


def alert_of_refused(flag: Flag, *, by: Any) -> None:
    """It waits for another decision, from anybody."""
    _end_of_flag(flag)
    alert_of_flag(flag, by=by)


def _end_of_flag(flag: Flag) -> None:
    Alert.objects.filter(flag=flag, kind=Kind.FLAG, closed_at=None).update(closed_at=Now())


def end_with_decision(flag: Flag) -> None:
    """Of a decided flag: what was over with the decision, and nobody has closed yet. Else it would count as told anew when the
    flag is opened again."""
    lock(flag)
    mine = Alert.objects.filter(_about(flag), closed_at=None)
    mine.exclude(id__in=Alert.objects.live().values("id")).update(closed_at=Now())


def alert_of_hand_over(escalation: Escalation) -> Alert:
    """The alert of an open hand-over, begun now or opened again: it has no more than one."""
    level = duty.urgency_of_hand_over(escalation.flag).level
    known = Alert.objects.select_for_update().filter(escalation=escalation).first()
    if known is None:
        return _begin(Alert(kind=Kind.HAND_OVER, escalation=escalation, level=level))
    if known.closed_at is not None:
        _open_again(known, escalation, level=level)
    return known


def raise_hand_over(escalation: Escalation) -> None:
    for known in Alert.objects.select_for_update().filter(escalation=escalation, closed_at=None):
        _tell_again(known)


def alert_of_invariant(code: str) -> Alert:
    return _begin(Alert(kind=Kind.INVARIANT, code=code))


@one_transaction
def send_test(*, to: Any) -> Alert:
    """To nobody else; an earlier one is over with it."""
    Alert.objects.filter(kind=Kind.TEST, holder=None, closed_at=None, deliveries__person=to).update(closed_at=Now())
    alert = Alert(kind=Kind.TEST)
    alert.save(force_insert=True)
    _deliver_to([to], alert, step=0, rung=Rung.ON_DUTY)
    audit.record("alert.opened", actor=to, object_type="alert", object_id=alert.id, code=Kind.TEST)
    poke.queue_changed()
    return alert


def _begin(alert: Alert, *, by: Any | None = None) -> Alert:
    alert.save(force_insert=True)
    _tell_from_the_first(alert)
    code = alert.code or f"{alert.kind} level {alert.level}"
    audit.record("alert.opened", actor=by, object_type="alert", object_id=alert.id, code=code)
    poke.queue_changed()
    return alert


def _open_again(alert: Alert, escalation: Escalation, *, level: int) -> None:
    """Whoever had it put it away when it ended, so nobody has it."""
    Alert.objects.filter(id=alert.id).update(closed_at=None, level=level)
    alert.change_hands(None)
    Escalation.objects.filter(id=escalation.id).update(acknowledged_by=None, acknowledged_at=None)
    _tell_from_the_first(alert)
    audit.record("alert.reopened", actor=None, object_type="alert", object_id=alert.id, code=f"level {alert.level}")
    poke.queue_changed()


def _tell_again(alert: Alert) -> None:
    """It is more than it was: who is first on duty is told, and who has it, who keeps it. Its clock runs from now."""
    if not alert.change_hands(alert.holder_id):
        return
    alert.refresh_from_db()
    _tell(alert, frozenset({Rung.ON_DUTY}), step=0, rota=duty.rota(clock.now()))
    audit.record("alert.raised", actor=None, object_type="alert", object_id=alert.id, code=f"level {alert.level}")
    poke.queue_changed()


def _tell_from_the_first(alert: Alert) -> None:
    """Of an alert that nobody has."""
    alert.refresh_from_db()
    first = ladder_of(alert).steps[0]
    _tell(alert, frozenset({first.rung}), step=first.number, rota=duty.rota(clock.now()))


# The ladder of an alert


def urgency_of(alert: Alert) -> duty.Urgency:
    found = duty.urgency_at(alert.level) or duty.Urgency(alert.level, (), duty.STRICTEST)  # the policy changed since
    to_leads = alert.kind == Kind.HAND_OVER or (alert.flag is not None and alert.flag.escalated)
    return duty.for_hand_over(found) if to_leads else found


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
    waiting = _all_due(now)
    rota = duty.rota(now) if waiting else Rota()
    return sum(_take_if_possible(alert, step, rota) for alert, step in waiting)


def _all_due(now: datetime) -> list[tuple[Alert, Due]]:
    """Of those with the same ladder that came as far on it, none is due before the oldest: the database says how old that one
    is, and the others are not read."""
    alike = Alert.objects.live().order_by().values_list("kind", "level", "holder", "step")
    some_due = []
    for kind, level, holder, step, oldest in alike.annotate(oldest=Min("since")):
        if due(Alert(kind=kind, level=level, holder_id=holder, step=step, since=oldest), now) is not None:
            some_due.append(Q(kind=kind, level=level, holder=holder, step=step))
    if not some_due:
        return []
    rows = Alert.objects.live()
    if len(some_due) <= ALIKE_AT_MOST:
        rows = rows.filter(reduce(or_, some_due))
    return [(alert, step) for alert in rows if (step := due(alert, now)) is not None]


def _take_if_possible(alert: Alert, step: Due, rota: Rota) -> bool:
    """What is wrong with one alert must not keep the others."""
    try:
        return _take(alert, step, rota)
    except Exception as error:
        log.exception("alert_step_failed", extra={"alert": str(alert.id), "error": type(error).__name__})
        return False


@one_transaction
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
    return [alert for alert, step in _all_due(now) if step.since < now - LATE]


@one_transaction
def close_finished() -> int:
    """Those whose matter is over."""
    live = Alert.objects.live().values("id")
    return Alert.objects.filter(closed_at=None).exclude(id__in=live).update(closed_at=Now())


def _tell(alert: Alert, rungs: frozenset[Rung], *, step: int, rota: Rota) -> None:
    rota = _of_those_who_may(alert, rota)
    people = get_user_model().objects.in_bulk(_whom(alert, rungs, rota))
    _deliver_to(people.values(), alert, step=step, rung=rota.rung_told(rungs, lines=_lines_of(alert)))


def _lines_of(alert: Alert) -> tuple[str, ...]:
    return urgency_of(alert).lines if alert.kind in (Kind.FLAG, Kind.HAND_OVER) else ()


def _of_those_who_may(alert: Alert, rota: Rota) -> Rota:
    proposal = alert.flag.proposal() if alert.is_for_second and alert.flag is not None else None
    if proposal is None:
        return rota
    return duty.rota_for_second(rota, proposal.flag, proposed_by=proposal.by_id)


def _whom(alert: Alert, rungs: frozenset[Rung], rota: Rota) -> list[object]:
    if alert.kind == Kind.INVARIANT:
        return telling_of(alert.code).whom(rota, holder=alert.holder_id)
    return rota.told(sorted(rungs), lines=_lines_of(alert), holder=alert.holder_id)


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


def tell_of_end(escalation: Escalation, *, by: Any) -> None:
    """To whoever handed it over, once, on their pages. It counts as a step after the last, so that it clashes with none."""
    if escalation.by_id == by.pk:
        return
    alert = Alert.objects.get(escalation=escalation)
    Delivery.objects.create(
        alert=alert,
        epoch=alert.epoch,
        step=alert.step + 1,
        rung=Delivery.ENDED,
        person=escalation.by,
        channel=Delivery.Channel.IN_APP,
    )


# Changing hands


def lock(flag: Flag) -> None:
    """The hand-overs of a flag that is locked, then its alerts: everywhere in this order, and before anything is recorded."""
    hand_overs = Escalation.objects.filter(flag=flag, closed_at=None)
    list(hand_overs.select_for_update(no_key=True).order_by("id").values_list("id"))
    rows = Alert.objects.filter(_about(flag), closed_at=None)
    list(rows.select_for_update(of=("self",), no_key=True).order_by("id").values_list("id"))


def _lock_hand_over(alert: Alert) -> None:
    if alert.escalation_id is not None:
        Escalation.objects.select_for_update(no_key=True).only("id").get(id=alert.escalation_id)


@one_transaction
def acknowledge(alert: Alert, *, by: Any) -> bool:
    """Somebody has it, or still has it: the clock of the outcome runs from now. False when it changed meanwhile, or
    when it is they who proposed what somebody else is to confirm."""
    _lock_hand_over(alert)
    if _is_own_proposal(alert, by) or not alert.change_hands(by):
        return False
    if alert.kind == Kind.TEST:
        Alert.objects.filter(id=alert.id).update(closed_at=Now())
    if alert.escalation_id is not None:
        Escalation.objects.filter(id=alert.escalation_id).update(acknowledged_by=by, acknowledged_at=Now())
    audit.record("alert.acknowledged", actor=by, object_type="alert", object_id=alert.id)
    poke.queue_changed()
    return True


def acknowledge_flag(flag: Flag, *, by: Any, taken_from: Any | None = None) -> None:
    """Whoever claims a flag has its alerts, but no hand-over that somebody has from whom they did not take the flag over.
    Renewing the claim does not turn the clock back: an open page does that by itself."""
    lock(flag)
    for alert in _alerts_of(flag):
        from_them = taken_from is not None and alert.holder_id == taken_from.pk
        if alert.holder_id != by.pk and (from_them or not alert.is_hand_over_of_another(by)):
            acknowledge(alert, by=by)


def _is_own_proposal(alert: Alert, by: Any) -> bool:
    return alert.is_for_second and Proposal.objects.filter(flag=alert.flag_id, answered_at=None, by=by).exists()


def give_up_flag(flag: Flag, *, by: Any) -> None:
    lock(flag)
    for alert in _alerts_of(flag):
        if alert.holder_id == by.pk:
            give_up(alert, by=by)


@one_transaction
def give_up(alert: Alert, *, by: Any) -> None:
    """Somebody else must take it: everybody is told from the first rung on."""
    _lock_hand_over(alert)
    if not alert.change_hands(None):
        return
    if alert.escalation_id is not None:
        Escalation.objects.filter(id=alert.escalation_id).update(acknowledged_by=None, acknowledged_at=None)
    audit.record("alert.given_up", actor=by, object_type="alert", object_id=alert.id)
    _tell_from_the_first(Alert.objects.get(id=alert.id))
    poke.queue_changed()


def _about(flag: Flag) -> Q:
    return Q(flag=flag) | Q(escalation__flag=flag)


def _alerts_of(flag: Flag) -> Iterable[Alert]:
    return Alert.objects.live().filter(_about(flag))
