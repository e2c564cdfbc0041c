from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from moderation.models import Decision

ESCALATE = "escalate"


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(choices=[*Decision.Outcome.choices, (ESCALATE, _("Escalate"))])
    reason = LetterField(max_length=settings.MAX_REASON)
    edited_text = LetterField(max_length=settings.MAX_DRAFT, required=False)
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    missed = forms.BooleanField(required=False)  # only of a sampled post
