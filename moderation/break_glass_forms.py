"""What people enter to read one case for a while, and to answer for it."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import CaseKey
from moderation.access import case_of_id, ids_in
from moderation.models import BreakGlassReview

LONGEST_ADDRESS = 2_000
ALLOW, REFUSE = "allow", "refuse"


class AskForm(forms.Form):
    about = forms.CharField(
        max_length=LONGEST_ADDRESS,
        widget=forms.TextInput(attrs={"dir": "ltr"}),
        label=_("Id of a post or a flag"),
        help_text=_("Or the address of its page. From the audit log, an incident, or who told you of it."),
    )
    reason = LetterField(
        max_length=settings.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "class": "plain", "dir": "auto"}),
        label=_("Why you have to read this case"),
        help_text=_("A lead reads it before they allow it, and again when they review it. Quote nobody."),
    )

    def clean_about(self) -> CaseKey:
        ids = ids_in(self.cleaned_data["about"])
        if not ids:
            raise ValidationError(gettext("There is no id in this."), code="no_id")
        cases = {case for row_id in ids if (case := case_of_id(row_id)) is not None}
        if not cases:
            raise ValidationError(gettext("No post and no flag has this id, or its case was erased."), code="unknown")
        if len(cases) > 1:
            raise ValidationError(gettext("These are several cases. Ask for one at a time."), code="several")
        return cases.pop()


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
