from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from moderation import duty
from moderation.models import Decision, EscalationEnd, Shift

ESCALATE = "escalate"
LONGEST_SHIFT = timedelta(days=14)


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(choices=[*Decision.Outcome.choices, (ESCALATE, _("Escalate"))])
    reason = LetterField(max_length=settings.MAX_REASON)
    edited_text = LetterField(max_length=settings.MAX_DRAFT, required=False)
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    missed = forms.BooleanField(required=False)  # only of a sampled post


class _LocalTime(forms.DateTimeInput):
    """The browser's own way to choose a day and an hour."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ShiftForm(forms.Form):
    """Times are in the time zone of the site."""

    person: forms.ModelChoiceField[Any] = forms.ModelChoiceField(queryset=None, label=_("Who"))
    line = forms.ChoiceField(choices=Shift.Line.choices, label=_("In which line"))
    place = forms.IntegerField(
        min_value=1, max_value=9, initial=1, label=_("Place in it"), help_text=_("1 is told first.")
    )
    starts_at = forms.DateTimeField(label=_("From"), widget=_LocalTime())
    ends_at = forms.DateTimeField(label=_("Until"), widget=_LocalTime())
    weeks = forms.IntegerField(
        min_value=1,
        max_value=26,
        initial=1,
        label=_("So many weeks"),
        help_text=_("2 or more: the same again each week."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = duty.people_who(duty.BE_ALERTED)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        person, line = given.get("person"), given.get("line")
        if person is not None and line and not person.has_perm(duty.PERMISSION_OF[Shift.Line(line)]):
            self.add_error("line", gettext("%(name)s has no role that this line needs.") % {"name": person.username})
        starts, ends = given.get("starts_at"), given.get("ends_at")
        if starts and ends and not starts < ends <= starts + LONGEST_SHIFT:
            self.add_error("ends_at", gettext("A shift ends after it starts, and within two weeks."))
        return given


class OutOfHoursForm(forms.Form):
    text = LetterField(
        max_length=settings.MAX_REASON,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        label=_("What supporters are told while nobody is on duty"),
        help_text=_("For example when somebody is, and whom to ring. All supporters read it; put nothing secret here."),
    )


class HandOverEndForm(forms.Form):
    outcome = forms.ChoiceField(choices=EscalationEnd.Outcome.choices)
    note = LetterField(max_length=settings.MAX_REASON)
