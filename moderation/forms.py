from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import clock
from moderation import duty
from moderation.models import Decision, EscalationEnd, Shift

ESCALATE = "escalate"
DANGER = [
    ("yes", _("Yes, or nobody can rule it out")),
    ("no", _("No: the signs were none")),
]
LONGEST_SHIFT = timedelta(days=14)
A_WEEK = timedelta(weeks=1)


NO_REASON = {"empty": _("The reason is empty: the next person must be able to follow what you decide.")}
NO_NOTE = {"empty": _("The note is empty. Write at least one word.")}
NO_WHY = {"empty": _("Say in a line why you take this over.")}


class VersionField(forms.IntegerField):
    """The version of the flag that the page showed."""

    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=2**31 - 1)


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(choices=[*Decision.Outcome.choices, (ESCALATE, _("Escalate"))])
    policy = forms.CharField(max_length=20, required=False)  # the action says which is missing
    reason = LetterField(max_length=settings.MAX_REASON, error_messages=NO_REASON)
    edited_text = LetterField(max_length=settings.MAX_DRAFT, required=False)
    closed_as = forms.CharField(max_length=10, required=False)
    version = VersionField()
    missed = forms.BooleanField(required=False)  # only of a sampled post
    danger = forms.TypedChoiceField(  # only of a held post; the action says when it is missing
        choices=DANGER, coerce=lambda said: said == "yes", empty_value=None, required=False
    )


class TakeOverForm(forms.Form):
    taken_from = forms.CharField(max_length=40)  # the id of whoever the page says has it
    why = LetterField(max_length=settings.MAX_REASON, error_messages=NO_WHY)


class ChosenField(forms.Field):
    """Flags with the version that was on the page: `id:version`, each once."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[tuple[uuid.UUID, int]]:
        found: dict[uuid.UUID, int] = {}
        for line in value or ():
            flag_id, _, version = line.partition(":")
            try:
                found[uuid.UUID(flag_id)] = int(version)
            except ValueError as error:
                raise ValidationError(gettext("This form was damaged. Reload the page and choose again.")) from error
        return list(found.items())

    def validate(self, value: list[tuple[uuid.UUID, int]]) -> None:
        if not value:
            raise ValidationError(gettext("Choose at least one flag."))


class TogetherForm(forms.Form):
    """One outcome for several flags; each is named with the version that was on the page."""

    outcome = forms.ChoiceField(choices=Decision.Outcome.choices)
    policy = forms.CharField(max_length=20, required=False)  # the action says which is missing
    reason = LetterField(max_length=settings.MAX_REASON, error_messages=NO_REASON)
    closed_as = forms.CharField(max_length=10, required=False)
    chosen = ChosenField()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") == Decision.Outcome.CLOSE and given.get("closed_as") not in Decision.Closing:
            self.add_error("closed_as", gettext("Say what came of them, then close them."))
        return given


class UndoTogetherForm(forms.Form):
    """Each flag is named with the version on which it was decided."""

    chosen = ChosenField()


class ProposalAnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[("confirm", _("Confirm")), ("refuse", _("Refuse"))])
    reason = LetterField(max_length=settings.MAX_REASON, required=False)
    version = VersionField()


class NoteForm(forms.Form):
    text = LetterField(max_length=settings.MAX_REASON, error_messages=NO_NOTE)


class AppealForm(forms.Form):
    words = LetterField(max_length=settings.MAX_REASON)


class _LocalTime(forms.DateTimeInput):
    """The browser's own way to choose a day and an hour."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class _SiteTimeField(forms.DateTimeField):
    """By the clock of the site. An hour that the clocks leave out, or that comes twice, says nothing for sure."""

    def __init__(self, *, label: Any) -> None:
        zone = format_lazy(_("By the clock of {zone}."), zone=settings.TIME_ZONE)
        super().__init__(label=label, widget=_LocalTime(), help_text=zone)

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment: datetime | None = super().to_python(value)
        except ValidationError as error:
            if error.code == "ambiguous_timezone" and error.params is not None:
                raise ValidationError(_clocks_change(error.params["datetime"]), code=error.code) from error
            raise
        return moment


def _clocks_change(naive: datetime) -> str:
    zone = timezone.get_current_timezone()
    before, after = (naive.replace(fold=fold, tzinfo=zone).utcoffset() for fold in (0, 1))
    assert before is not None
    assert after is not None
    if before < after:
        return gettext("There is no such time: the clocks go forward then. Choose one before or after that hour.")
    return gettext("This time comes twice: the clocks go back then. Choose one before or after that hour.")


class ShiftForm(forms.Form):
    """Times are in the time zone of the site."""

    person: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        queryset=None, to_field_name="username", label=_("Who")
    )
    line = forms.ChoiceField(choices=Shift.Line.choices, label=_("In which line"))
    place = forms.IntegerField(
        min_value=1, max_value=9, initial=1, label=_("Place in it"), help_text=_("1 is told first.")
    )
    starts_at = _SiteTimeField(label=_("From"))
    ends_at = _SiteTimeField(label=_("Until"))
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
        elif ends and ends <= clock.now():
            self.add_error("ends_at", gettext("This is over already."))
        elif starts and ends and given.get("weeks", 1) > 1 and ends > starts + A_WEEK:
            self.add_error("weeks", gettext("What is repeated each week lasts a week at most."))
        return given


class OutOfHoursForm(forms.Form):
    text = LetterField(
        max_length=settings.MAX_REASON,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        label=_("What supporters are told while nobody is on duty"),
        help_text=_("For example when somebody is, and whom to ring. All supporters read it; put nothing secret here."),
    )


class TakeHandOverForm(forms.Form):
    """While somebody else has it, the action says what is missing."""

    taken_from = forms.CharField(max_length=40, required=False)
    why = LetterField(max_length=settings.MAX_REASON, required=False)


class HandOverEndForm(forms.Form):
    outcome = forms.ChoiceField(
        choices=EscalationEnd.Outcome.choices, error_messages={"required": _("Choose how it ended.")}
    )
    note = LetterField(max_length=settings.MAX_REASON, required=False)

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        if not note.strip():
            raise ValidationError(gettext("Say in a line what was done."), code="empty")
        return note
