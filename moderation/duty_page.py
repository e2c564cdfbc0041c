"""The page of the rota: who is on duty now and next, what waits, and whether a test alert arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from assistant.models import clock
from moderation import alert_words, duty, notifier
from moderation.alert_page import alert_row, first_of
from moderation.forms import OutOfHoursForm, ShiftForm
from moderation.ladder import Rung
from moderation.models import Alert, Delivery, Escalation, LastCheck, Shift
from moderation.policy import DECIDE_ESCALATED
from moderation.rota_page import rota_page

SHOWN_HERE = 100  # alerts
ENDED_SHOWN_FOR = timedelta(days=14)


def duty_page(
    person: Any, *, shift_form: ShiftForm | None = None, text_form: OutOfHoursForm | None = None
) -> dict[str, Any]:
    now = clock.now()
    may_manage = person.has_perm(duty.MANAGE_DUTY)
    on_duty = duty.shifts_at(now)
    waiting = Alert.objects.live().exclude(kind=Alert.Kind.TEST)  # which waits for nobody but who asked for it
    shown = first_of(waiting, SHOWN_HERE)
    check = LastCheck.objects.filter(id=1).first()
    return {
        "on_duty": on_duty,
        "nobody": not any(shift.line in duty.TAKES_HAND_OVERS for shift in on_duty),
        "out_of_hours": duty.out_of_hours(),
        "alerts_open": [alert_row(alert, person) for alert in shown],
        "alerts_more": waiting.count() - len(shown),
        "ended": ended(now) if person.has_perm(DECIDE_ESCALATED) else [],
        "rota": rota_page(now),
        "may_manage": may_manage,
        "shift_form": shift_form or (ShiftForm() if may_manage else None),
        "text_form": text_form or (OutOfHoursForm(initial={"text": duty.out_of_hours()}) if may_manage else None),
        "test": last_test(person) if may_manage else None,
        "delivered_by": notifier.state(),
        "checked_at": check.at if check is not None else None,
        "failing": [
            {"what": alert_words.invariant_words(code), "count": count}
            for code, count in (check.failing if check is not None else {}).items()
        ],
    }


def moved_words(shifts: list[Shift]) -> list[str]:
    """Of shifts of several weeks, those that begin or end at another hour than the first: the clocks change in that night."""
    times = [(timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)) for shift in shifts]
    first = [moment.time() for moment in times[0]]
    return [
        gettext("The clocks change: this one goes from %(begin)s to %(end)s.")
        % {"begin": date_format(begin, "j F Y, H:i"), "end": date_format(end, "j F Y, H:i")}
        for begin, end in times
        if [begin.time(), end.time()] != first
    ]


def ended(now: Any) -> Any:
    rows = Escalation.objects.filter(closed_at__gt=now - ENDED_SHOWN_FOR, case__destroyed_at=None)
    return rows.select_related("by").order_by("-closed_at")


def last_test(person: Any) -> dict[str, Any] | None:
    """What became of the last test alert to this person: by which way it went, and how long it took."""
    alert = Alert.objects.filter(kind=Alert.Kind.TEST, deliveries__person=person).order_by("-opened_at").first()
    if alert is None:
        return None
    return {"at": alert.opened_at, "ways": [way_row(row) for row in alert.deliveries.all()]}


def way_row(row: Delivery) -> dict[str, Any]:
    took = round((row.delivered_at - row.made_at).total_seconds(), 1) if row.delivered_at else None
    return {
        "channel": gettext(alert_words.CHANNELS[Delivery.Channel(row.channel)]),
        "rung": gettext(alert_words.RUNGS[Rung(row.rung)]),
        "took": took,
        "error": row.error,
        "attempts": row.attempts,
    }
