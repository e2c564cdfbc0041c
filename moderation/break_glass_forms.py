"""What people enter to read one case for a while, and to answer for it."""

from __future__ import annotations

import uuid

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import CaseKey
from moderation.access import case_of_id
from moderation.models import BreakGlassReview

ALLOW, REFUSE = "allow", "refuse"


class AskForm(forms.Form):
    about = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"dir": "ltr"}),
        label=_("Id of a post or a flag"),
        help_text=_("From the audit log, an incident, or who told you of it."),
    )
    reason = LetterField(
        max_length=settings.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "class": "plain", "dir": "auto"}),
        label=_("Why you have to read this case"),
        help_text=_("A lead reads it before they allow it, and again when they review it. Quote nobody."),
    )

    def clean_about(self) -> CaseKey:
        try:
            case = case_of_id(uuid.UUID(self.cleaned_data["about"]))
        except ValueError:
            case = None
        if case is None:
            raise ValidationError(gettext("No post and no flag has this id, or its case was erased."), code="unknown")
        return case


class ReadingAnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[(ALLOW, _("Allow it")), (REFUSE, _("Refuse it"))])


class ReviewForm(forms.Form):
    outcome = forms.ChoiceField(
        choices=BreakGlassReview.Outcome.choices, widget=forms.RadioSelect, label=_("Was it right?")
    )
    note = LetterField(
        max_length=settings.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "class": "plain", "dir": "auto"}),
        label=_("Why"),
    )
