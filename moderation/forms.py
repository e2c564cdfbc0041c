from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from moderation.models import Decision

ESCALATE = "escalate"


class VersionField(forms.IntegerField):
    """The version of the flag that the page showed."""

    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=2**31 - 1)


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(choices=[*Decision.Outcome.choices, (ESCALATE, _("Escalate"))])
    policy = forms.CharField(max_length=20, required=False)  # the action says which is missing
    reason = LetterField(max_length=settings.MAX_REASON)
    edited_text = LetterField(max_length=settings.MAX_DRAFT, required=False)
    closed_as = forms.CharField(max_length=10, required=False)
    version = VersionField()
    missed = forms.BooleanField(required=False)  # only of a sampled post


class TakeOverForm(forms.Form):
    taken_from = forms.CharField(max_length=40)  # the id of whoever the page says has it
    why = LetterField(max_length=settings.MAX_REASON)


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
    reason = LetterField(max_length=settings.MAX_REASON)
    closed_as = forms.CharField(max_length=10, required=False)
    chosen = ChosenField()


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[("confirm", _("Confirm")), ("refuse", _("Refuse"))])
    reason = LetterField(max_length=settings.MAX_REASON, required=False)
    version = VersionField()


class NoteForm(forms.Form):
    text = LetterField(max_length=settings.MAX_REASON)


class AppealForm(forms.Form):
    words = LetterField(max_length=settings.MAX_REASON)
