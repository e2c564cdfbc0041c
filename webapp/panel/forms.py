"""What the panel says of an output and of a version, and what admins say instead of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assistant.actions.overrides import LONGEST_REASON
from assistant.forms import LetterField
from assistant.models import PanelMark, SignOff
from assistant.models.sign_offs import LONGEST_SIGN_OFF

CONFIRM, WITHDRAW = "confirm", "withdraw"


class MarkForm(forms.Form):
    verdict = forms.ChoiceField(
        choices=PanelMark.Verdict.choices, widget=forms.RadioSelect, label=_("What you say of the output")
    )
    note = LetterField(
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "plain", "dir": "auto"}),
        label=_("Why, if you like"),
        help_text=_("For the panel. It is erased with the text."),
    )


class SignOffForm(forms.Form):
    verdict = forms.ChoiceField(
        choices=SignOff.Verdict.choices, widget=forms.RadioSelect, label=_("What you say of this version")
    )
    reason = LetterField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "plain", "dir": "auto"}),
        label=_("Why"),
        help_text=_("It stands on this page for good. Write about the model; quote nobody and name nobody."),
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_SIGN_OFF,
        initial=90,
        label=_("For how many days"),
        help_text=_("Then it has to be read again. What runs is not stopped by it."),
    )
    study = forms.ChoiceField(
        required=False, label=_("A study that you rest on"), help_text=_("Its report's hash is kept with what you say.")
    )

    def __init__(self, *args: Any, studies: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["study"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *studies]


class OverrideForm(forms.Form):
    reason = LetterField(
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        label=_("Why it should answer without the gate"),
        help_text=_("It stands in the audit log. Another admin has to confirm it within a day."),
    )


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[(CONFIRM, _("Confirm it")), (WITHDRAW, _("Withdraw it"))])
