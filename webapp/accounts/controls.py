"""How one person works the pages: the sheet of their keys, and the form in which they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from webapp.accounts.keys import HEADINGS, Act, Place, acts_for, conflicts, in_force, problem_with, spoken
from webapp.accounts.models import Controls

ONE_SIGN = {"maxlength": 1, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "class": "key"}


@dataclass(frozen=True, slots=True)
class Line:
    act: str
    label: str
    key: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Group:
    place: Place
    heading: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Sheet:
    on: bool
    opened_by: str  # "" where no key opens it
    aloud: str
    groups: list[Group]


def sheet_for(user: Any) -> Sheet:
    controls = Controls.of(user)
    acts = acts_for(user)
    keys = in_force(acts, controls.keys)
    groups = [
        Group(place, gettext(heading), lines)
        for place, heading in HEADINGS.items()
        if (lines := [_line(act, keys[act.name]) for act in acts if act.place == place])
    ]
    opened_by = keys["sheet"] if controls.keys_on else ""
    return Sheet(controls.keys_on, opened_by, controls.aloud, groups)


def _line(act: Act, key: str) -> Line:
    return Line(act.name, gettext(act.label), key, spoken(key) if key else "")


class KeyField(forms.CharField):
    widget = forms.TextInput(ONE_SIGN)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").lower()

    def validate(self, value: str) -> None:
        if value and (problem := problem_with(value)):
            raise ValidationError(problem)


class ControlsForm(forms.Form):
    keys_on = forms.BooleanField(
        label=_("Keys work"),
        required=False,
        help_text=_("Switch them off if you speak to your computer, or if they get in the way of your screen reader."),
    )
    aloud = forms.ChoiceField(
        label=_("A suggestion, while it is written"),
        choices=Controls.Aloud.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "For screen readers. What became of it is told in any case: how many changes it brings, or that it was "
            "stopped or kept back."
        ),
    )

    def __init__(self, *args: Any, acts: Sequence[Act], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.acts = acts
        for act in acts:
            self.fields[_field(act)] = KeyField(label=gettext(act.label), required=False)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [
            (gettext(heading), fields)
            for place, heading in HEADINGS.items()
            if (fields := [self[_field(act)] for act in self.acts if act.place == place])
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # An act that is new since this page was opened keeps the key of the table.
        keys = {act.name: cleaned.get(_field(act), "") if _field(act) in self.data else act.key for act in self.acts}
        for one, other in conflicts(self.acts, keys):
            key = keys[one.name]
            self.add_error(
                None,
                gettext("“%(one)s” and “%(other)s” cannot both have %(key)s. Give one of them another key, or none.")
                % {"one": gettext(one.label), "other": gettext(other.label), "key": key},
            )
            for act in (one, other):
                self.add_error(_field(act), gettext("%(key)s is there twice.") % {"key": key})
        return cleaned | {"keys": keys}

    @classmethod
    def of(cls, user: Any) -> ControlsForm:
        acts = acts_for(user)
        controls = Controls.of(user)
        keys = {f"key_{name}": key for name, key in in_force(acts, controls.keys).items()}
        return cls(initial={"keys_on": controls.keys_on, "aloud": controls.aloud} | keys, acts=acts)

    def save(self, user: Any) -> None:
        """Only what differs from the table is kept, so that a better table reaches everybody else."""
        chosen = {act.name: self.cleaned_data["keys"][act.name] for act in self.acts}
        others = {name: key for name, key in Controls.of(user).keys.items() if name not in chosen}
        own = {act.name: chosen[act.name] for act in self.acts if chosen[act.name] != act.key}
        answers = {name: self.cleaned_data[name] for name in ("keys_on", "aloud")}
        Controls.objects.update_or_create(user=user, defaults={"keys": others | own, **answers})


def _field(act: Act) -> str:
    return f"key_{act.name}"
