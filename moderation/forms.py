from __future__ import annotations

from django import forms
from django.conf import settings
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


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[("confirm", _("Confirm")), ("refuse", _("Refuse"))])
    reason = LetterField(max_length=settings.MAX_REASON, required=False)
    version = VersionField()


class NoteForm(forms.Form):
    text = LetterField(max_length=settings.MAX_REASON)


class AppealForm(forms.Form):
    words = LetterField(max_length=settings.MAX_REASON)
