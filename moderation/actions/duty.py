"""The rota: who is on duty when, and what is said while nobody is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import OutOfHours, Shift


def weeks_later(moment: datetime, weeks: int) -> datetime:
    """The same time by the clock of the site. One that the clocks jump over is as long after the jump as it would be after the
    hour before it: of two shifts that meet there, the one begins when the other ends."""
    return (timezone.localtime(moment) + timedelta(weeks=weeks)).astimezone(UTC)


@one_transaction
def add_shift(
    *, person: Any, line: str, place: int, starts_at: datetime, ends_at: datetime, weeks: int, by: Any
) -> list[Shift]:
    """`weeks`: so many shifts, each a week after the one before by the clock of the site."""
    times = [(weeks_later(starts_at, week), weeks_later(ends_at, week)) for week in range(weeks)]
    for begin, end in times:
        if end <= begin:
            raise Refused(
                "clocks_change",
                gettext(
                    "On %(day)s the clocks change, and this shift would end before it begins. Nothing was added: leave that "
                    "week out, or choose other times."
                )
                % {"day": date_format(timezone.localtime(begin), "j F Y")},
                status=422,
            )
    shifts = [
        Shift(person=person, line=line, place=place, starts_at=begin, ends_at=end, made_by=by) for begin, end in times
    ]
    _refuse_twice(shifts)
    for shift in Shift.objects.bulk_create(shifts):
        audit.record("shift.added", actor=by, object_type="shift", object_id=shift.id)
    poke.queue_changed()
    return shifts


def _refuse_twice(shifts: list[Shift]) -> None:
    """Nobody stands twice in one line at the same time: taken off once, they would still be on it."""
    first = shifts[0]
    known = Shift.objects.filter(person=first.person, line=first.line, ends_at__gt=first.starts_at)
    for shift in known.order_by("starts_at"):
        if any(shift.starts_at < one.ends_at and one.starts_at < shift.ends_at for one in shifts):
            raise Refused(
                "on_it_already",
                gettext("%(name)s is in this line already from %(starts)s to %(ends)s. Take them off first.")
                % {"name": first.person.username, "starts": _said(shift.starts_at), "ends": _said(shift.ends_at)},
                status=422,
            )


def _said(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M, H:i")


@one_transaction
def remove_shift(shift: Shift, *, by: Any) -> None:
    """The second click changes nothing."""
    if Shift.objects.filter(id=shift.id).delete()[0]:
        audit.record("shift.removed", actor=by, object_type="shift", object_id=shift.id)
        poke.queue_changed()


@one_transaction
def say_out_of_hours(text: str, *, by: Any) -> None:
    row = OutOfHours.objects.create(text=text.strip(), by=by)
    audit.record("out_of_hours.changed", actor=by, object_type="out_of_hours", object_id=row.id)
