"""Limits and cleaning of what supporters enter for themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import CheckIn
from assistant.safety.topics import topics


class CheckInForm(forms.Form):
    moment = forms.ChoiceField(choices=CheckIn.Moment.choices, widget=forms.RadioSelect, label=_("When is this"))
    feeling = forms.ChoiceField(choices=CheckIn.Feeling.choices, widget=forms.RadioSelect, label=_("How are you"))
    words = LetterField(
        max_length=settings.MAX_CHECK_IN,
        required=False,
        label=_("What is on your mind, in a line"),
        help_text=_("May stay empty."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["words"].widget.attrs |= {"rows": 2, "class": "plain"}


class TopicsForm(forms.Form):
    topics = forms.MultipleChoiceField(
        choices=lambda: [(topic.code, gettext(topic.label)) for topic in topics().values()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label=_("Topics that you would rather leave to others"),
    )


class ShareForm(forms.Form):
    shared = forms.BooleanField(required=False)


class GoOnForm(forms.Form):
    quiet = forms.BooleanField(required=False)  # no more reminders in this shift
