"""What people enter about incidents."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import CaseKey
from moderation.access import ids_in, linkable
from moderation.models import Flag, Incident, IncidentEntry

LONGEST_TITLE = 120
MOST_LINKS = 20
TEST_NAME = re.compile(r"[\w./-]+\.py::\w+(?:::\w+)?(?:\[[^\s\[\]`]+\])?")  # as pytest names it

Kind = IncidentEntry.Kind
BY_HAND = (Kind.NOTE, Kind.MITIGATED, Kind.CAUSE, Kind.FIX, Kind.TEST)


class LinksForm(forms.Form):
    links = LetterField(
        max_length=settings.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "class": "plain", "dir": "auto"}),
        label=_("Flags and posts by their ids"),
        help_text=_(
            "Ids or the addresses of their pages, in any order. What was done to them appears in the timeline."
        ),
    )

    def __init__(self, *args: Any, user: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_links(self) -> list[CaseKey | Flag]:
        text = self.cleaned_data["links"]
        ids = ids_in(text)
        if text.strip() and not ids:
            raise ValidationError(gettext("There is no id in this."), code="no_id")
        if len(ids) > MOST_LINKS:
            raise ValidationError(
                gettext("These are %(count)s ids; %(most)s fit at a time.") % {"count": len(ids), "most": MOST_LINKS},
                code="too_many",
            )
        found = {row_id: linkable(self.user, row_id) for row_id in ids}
        unknown = [str(row_id) for row_id, row in found.items() if row is None]
        if unknown:
            raise ValidationError(
                gettext("No flag and no post of yours to see has this id: %(ids)s") % {"ids": ", ".join(unknown)},
                code="unknown",
            )
        return [row for row in found.values() if row is not None]


class IncidentForm(LinksForm):
    title = LetterField(
        max_length=LONGEST_TITLE,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        label=_("Title"),
        help_text=_("What went wrong, in a few words. Quote nobody."),
    )
    severity = forms.TypedChoiceField(
        coerce=int, choices=Incident.Severity.choices, widget=forms.RadioSelect, label=_("How bad it is")
    )
    happened = LetterField(
        max_length=settings.MAX_INCIDENT,
        widget=forms.Textarea(attrs={"rows": 6, "class": "plain", "dir": "auto"}),
        label=_("What happened"),
        help_text=_("What was seen and done, in order, without blame. Leave out what a person wrote: link it."),
    )
    field_order = ["title", "severity", "happened", "links"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["links"].required = False


class EntryForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in BY_HAND], label=_("What it says"))
    text = LetterField(
        max_length=settings.MAX_INCIDENT,
        widget=forms.Textarea(attrs={"rows": 4, "class": "plain", "dir": "auto"}),
        label=_("Text"),
        help_text=_("It cannot be changed later. A test is named as pytest does: path/test_file.py::test_name"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text = cleaned.get("text", "").strip()
        if text and cleaned.get("kind") == Kind.TEST:
            if not TEST_NAME.fullmatch(text):
                self.add_error("text", gettext("A test is named like path/test_file.py::test_name, and nothing else."))
            cleaned["text"] = text
        return cleaned


class SignOffForm(forms.Form):
    note = LetterField(
        max_length=settings.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "class": "plain", "dir": "auto"}),
        label=_("What you checked"),
    )
