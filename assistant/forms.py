"""Limits and cleaning of what people enter. Views call these before any action."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.adherence import MEANINGS
from assistant.growth import HelpLevel
from assistant.inference.types import Mode
from assistant.models import ChangeVerdict, DraftRevision, WritingGoal
from assistant.models.goals import LONGEST_LABEL, LONGEST_TOLD
from assistant.safety.helplines import country_names

# Controls that no keyboard types into a letter and that databases, terminals or models trip over.
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


class LetterField(forms.CharField):
    """Text that a person wrote: kept as it is, line ends made \\n, refused when it holds control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **{"widget": forms.Textarea} | options)
        # Django's own check would answer first, with less help.
        self.validators = [
            check for check in self.validators if type(check).__name__ != "ProhibitNullCharactersValidator"
        ]

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value: str) -> None:
        if self.required and not value.strip():
            empty = gettext("There is nothing here yet. Write at least one word.")
            raise ValidationError(self.error_messages.get("empty", empty), code="empty")
        found = UNWANTED.search(value)
        if found:
            raise ValidationError(
                gettext("The character U+%(code)s at place %(place)s cannot be stored. Remove it and try again.")
                % {"code": f"{ord(found[0]):04X}", "place": found.start() + 1},
                code="control_character",
            )

    def run_validators(self, value: str) -> None:
        if self.max_length is not None and len(value) > self.max_length:
            raise ValidationError(
                gettext("This is %(length)s characters long; %(most)s fit. Shorten it and try again.")
                % {"length": f"{len(value):,}", "most": f"{self.max_length:,}"},
                code="too_long",
            )


def country_choices() -> list[tuple[str, str]]:
    """Countries by name where the book has lines, then every other by its code."""
    names = country_names()
    named = sorted(
        ((code, gettext(name)) for code, name in names.items() if name != code), key=lambda choice: choice[1]
    )
    return [("", gettext("not known")), *named, *((code, code) for code, name in names.items() if name == code)]


class CountrySelect(forms.Select):
    """Offers countries; the field takes any two letters, as an import file has them."""

    def __init__(self) -> None:
        super().__init__(choices=country_choices())


class PostForm(forms.Form):
    text = LetterField(max_length=settings.MAX_POST, label=_("What they wrote"))
    language = forms.RegexField(
        r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, initial="en", label=_("Language")
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        required=False,
        label=_("Country"),
        help_text=_("Not known: the supporter is asked, and no country's helplines are shown."),
        widget=CountrySelect,
    )
    human_only = forms.BooleanField(required=False, label=_("No model near this post"))
    may_be_learned_from = forms.BooleanField(
        required=False,
        label=_("They agreed that a model may learn from it"),
        help_text=_("Only if they were asked and said yes. Names, addresses and numbers are taken out before."),
    )

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"] or "").upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("human_only") and cleaned.get("may_be_learned_from"):
            self.add_error(
                "may_be_learned_from", gettext("No model near this post: then none learns from it either. Choose one.")
            )
        return cleaned


class CountryForm(forms.Form):
    """Where the seeker lives, as they said; never guessed."""

    country = forms.ChoiceField(choices=country_choices, label=_("Country"))


class ImportedPostForm(PostForm):
    """One line of an import file."""

    id = forms.CharField(max_length=200)
    received_at = forms.DateTimeField(required=False)

    def clean_id(self) -> str:
        value = str(self.cleaned_data["id"])
        if UNWANTED.search(value):
            raise ValidationError(gettext("It holds a character that cannot be stored."), code="control_character")
        return value

    def clean_received_at(self) -> datetime:
        value: datetime | None = self.cleaned_data["received_at"]
        if value is None:
            return timezone.now()
        if not 1900 <= value.year <= 9000:  # beyond, its place in another time zone may lie outside the calendar
            raise ValidationError(gettext("Want a date between 1900 and 9000."), code="out_of_range")
        return value


# A page tells how its text came about; that an earlier revision came back is said by the server alone.
BY_THE_PAGE = [
    (origin.value, origin.label) for origin in DraftRevision.Origin if origin is not DraftRevision.Origin.RESTORED
]


class TextsField(forms.Field):
    """Any number of short texts under one name."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [str(one) for one in value or []]


class DraftForm(forms.Form):
    """A state of the draft, as the page has it."""

    text = LetterField(max_length=settings.MAX_DRAFT, required=False)
    base = forms.IntegerField(min_value=0, max_value=2**31 - 1)  # the revision that the page started from
    origin = forms.ChoiceField(choices=BY_THE_PAGE, required=False)
    pasted = TextsField(required=False)  # what came in whole since then

    def clean_text(self) -> str:
        if "text" not in self.data:  # an empty text is a state of a draft; none at all is a mistake
            raise ValidationError(gettext("The text is missing. Send the whole draft."), code="missing")
        return str(self.cleaned_data["text"])

    def clean_origin(self) -> str:
        return self.cleaned_data["origin"] or DraftRevision.Origin.TYPED


class RestoreForm(forms.Form):
    base = forms.IntegerField(min_value=1, max_value=2**31 - 1)  # the newest revision, as the page knew it


class SendForm(DraftForm):
    text = LetterField(max_length=settings.MAX_DRAFT)


class SentencesForm(DraftForm):
    locked = TextsField(required=False)  # sentences of the text


def goal_choices() -> list[tuple[str, str]]:
    """All there are: that one is not offered any more is said later, when the draft is saved."""
    return list(WritingGoal.objects.values_list("code", "label"))


class AskForm(SentencesForm):
    goals = forms.MultipleChoiceField(choices=goal_choices, required=False)
    client_key = forms.UUIDField()
    mode = forms.ChoiceField(choices=[(mode.value, mode.value) for mode in Mode])
    reason = LetterField(max_length=settings.MAX_REASON, required=False)
    anyway = forms.BooleanField(required=False)  # though the draft takes up nothing of the post


class LineField(LetterField):
    """One line, with single blanks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": forms.TextInput} | options)

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class GoalForm(forms.Form):
    """What supporters can ask a revision to aim for."""

    label = LineField(max_length=LONGEST_LABEL, label=_("Name on the page"))
    told = LineField(
        max_length=LONGEST_TOLD,
        label=_("What the model is told"),
        help_text=_("A sentence or two, said to the model. Other words make a new wording, which is measured apart."),
        widget=forms.Textarea(attrs={"class": "plain", "rows": 2}),
    )
    measure = forms.ChoiceField(
        choices=[
            ("", _("Nothing that can be counted")),
            *((measure.value, _(meaning.label)) for measure, meaning in MEANINGS.items()),
        ],
        required=False,
        label=_("What shows in a text whether it was done"),
    )


class ChangedGoalForm(GoalForm):
    version = forms.IntegerField(
        min_value=1, max_value=2**15 - 1, widget=forms.HiddenInput
    )  # of the wording that it showed


class MoveForm(forms.Form):
    by_places = forms.TypedChoiceField(choices=[("-1", "up"), ("1", "down")], coerce=int)


class OfferForm(forms.Form):
    offered = forms.BooleanField(required=False)


class VerdictForm(DraftForm):
    verdict = forms.ChoiceField(choices=ChangeVerdict.Verdict.choices)
    reason = forms.ChoiceField(choices=ChangeVerdict.Reason.choices, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("verdict") != ChangeVerdict.Verdict.UNHELPFUL:
            cleaned["reason"] = ""  # the page sends what stands in its list, whichever button was pressed
        elif not cleaned.get("reason"):
            self.add_error("reason", ValidationError(gettext("Say why it is not helpful."), code="missing"))
        return cleaned


class WorryForm(forms.Form):
    note = LetterField(max_length=settings.MAX_WORRY, required=False)
    now = forms.BooleanField(required=False)  # it cannot wait


class HelpForm(forms.Form):
    level = forms.ChoiceField(choices=[("", ""), *((level.value, level.value) for level in HelpLevel)], required=False)
    draft = forms.UUIDField(required=False)  # where it was asked for, to go back to


class CountingForm(forms.Form):
    counts = forms.BooleanField(required=False)
