"""Limits and cleaning of what raters enter."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from webapp.studies.dimensions import HIGHEST, LOWEST, Dimension
from webapp.studies.models import Assignment
from webapp.studies.rating_scales import LABELS, SCALES

FIRST, SECOND, NEITHER = "first", "second", "neither"
POINTS = [(str(point), str(point)) for point in range(LOWEST, HIGHEST + 1)]


class ConsentForm(forms.Form):
    agreed = forms.BooleanField(
        label=_("I have read this, and I want to take part"),
        error_messages={"required": _("Tick this if you want to take part. Without it nothing begins.")},
    )
    may_train = forms.BooleanField(required=False, label=_("A model may learn from my ratings, too"))
    wording = forms.CharField(max_length=64, widget=forms.HiddenInput)  # the hash of what was on the page

    def __init__(self, *args: Any, asks_for_training: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not asks_for_training:
            del self.fields["may_train"]


class TrainingForm(forms.Form):
    may_train = forms.BooleanField(required=False)


class AnswerForm(forms.Form):
    """What comes with every answer."""

    seen = forms.CharField(
        max_length=40, required=False, widget=forms.HiddenInput
    )  # when what was on the page was said
    seconds = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def clean_seconds(self) -> float | None:
        """None where the browser did not say, or said nonsense; the clock of the server then counts alone."""
        try:
            said = float(self.cleaned_data["seconds"])
        except ValueError:
            return None
        return said if isfinite(said) and said >= 0 else None


class ScalesForm(AnswerForm):
    def __init__(self, *args: Any, asked: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        for name in asked:
            self.fields[name] = forms.TypedChoiceField(
                choices=POINTS,
                coerce=int,
                widget=forms.RadioSelect,
                label=gettext(SCALES[name].label),
                error_messages={"required": _("Choose a value from 1 to 5."), "invalid_choice": _("From 1 to 5.")},
            )
        self.asked = list(asked)

    def values(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in self.asked}


class PairForm(AnswerForm):
    preferred = forms.ChoiceField(
        choices=[(FIRST, _("The first")), (SECOND, _("The second")), (NEITHER, _("Neither"))],
        widget=forms.RadioSelect,
        label=_("Which reply is better for the person who wrote?"),
        error_messages={"required": _("Choose one of the three.")},
    )
    reason = forms.ChoiceField(required=False, label=_("What made the difference"), help_text=_("May stay empty."))

    def __init__(self, *args: Any, asked: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [("", gettext("I do not say")), *((name, gettext(LABELS[name])) for name in asked)]


class SkipForm(forms.Form):
    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        choices=Assignment.Skip.choices, widget=forms.RadioSelect, label=_("Why you leave this one out")
    )


class CommentForm(forms.Form):
    """`words` is which text (0, or 1 for the second of a pair) and from which character to which: "0:12-40"."""

    words = forms.RegexField(
        r"^[01]:\d{1,6}-\d{1,6}$",
        label=_("Which words"),
        error_messages={
            "required": _("Say which words you mean."),
            "invalid": _("These words are not in the text. Choose them again."),
        },
    )
    dimension = forms.ChoiceField(
        choices=[("", _("Something else")), *((str(one), _(LABELS[one])) for one in Dimension)],
        required=False,
        label=_("What it is about"),
    )
    note = LetterField(max_length=settings.MAX_REASON, label=_("What you want to say about them"))

    def __init__(self, *args: Any, lengths: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lengths = lengths  # of the texts, in characters
        self.fields["note"].widget.attrs |= {"rows": 2, "class": "plain"}

    def clean_words(self) -> tuple[int, int, int]:
        which, _colon, between = self.cleaned_data["words"].partition(":")
        start, _dash, end = between.partition("-")
        place = (int(which), int(start), int(end))
        if place[0] >= len(self.lengths) or not place[1] < place[2] <= self.lengths[place[0]]:
            raise ValidationError(gettext("These words are not in the text. Choose them again."), code="invalid")
        return place


class WithdrawForm(forms.Form):
    sure = forms.BooleanField(
        label=_("Yes, delete my ratings and comments"),
        error_messages={"required": _("Tick this if you want to withdraw. Nothing was deleted.")},
    )
