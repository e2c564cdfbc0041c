"""What an admin says before a candidate is tried: the rules first, then how much of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assistant.models import Canary, ModelVersion
from assistant.models.canary import MOST_DAYS, MOST_JOBS, MOST_SHARE
from assistant.stop_rules import BOUNDS, COUNTING, LEAST_JOBS, USUAL, USUAL_LEAST_JOBS, Rule, StopRules

LABELS = {
    Rule.HELD: _("Held by the safety checks: at most so many of 100 more than of the active model"),
    Rule.FAILED: _("Without an answer: at most so many of 100 more"),
    Rule.REPORTED: _("Reported by people, or called harmful: at most so many of 100 more"),
    Rule.FIRST_WORDS: _("First words: at most so many seconds later"),
    Rule.ERRORS: _("Errors of the candidate: end at this number"),
    Rule.DANGEROUS: _("Suggestions held for a method or a danger to the body: end at this number"),
}
SHARES = (Rule.HELD, Rule.FAILED, Rule.REPORTED)


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # when it runs, Django's takes none
    def label_from_instance(self, version: Any) -> str:
        return str(version.name)


class CanaryForm(forms.Form):
    """The rules stand before everything else, because they cannot be changed afterwards."""

    least_jobs = forms.IntegerField(
        min_value=LEAST_JOBS,
        max_value=MOST_JOBS,
        initial=USUAL_LEAST_JOBS,
        label=_("Jobs of each model before the two are compared"),
    )
    candidate = VersionField(
        ModelVersion.objects.filter(kind=ModelVersion.Kind.ADAPTER), to_field_name="name", label=_("Candidate")
    )
    kind = forms.ChoiceField(
        choices=[
            (Canary.Kind.SHADOW, _("In the shadow: on finished jobs once more, seen by nobody")),
            (Canary.Kind.CANARY, _("On a share of the cases: what it writes is shown")),
        ],
        label=_("How"),
        help_text=_(
            "What people are shown has passed the gate. Give its verdict once at the server: "
            "manage.py models canary NAME --gate FILE"
        ),
    )
    share = forms.IntegerField(
        min_value=1,
        max_value=MOST_SHARE,
        initial=10,
        label=_("Of 100 cases, how many"),
        help_text=_("As many others are what it is compared with. One case sees one model."),
    )
    most_jobs = forms.IntegerField(
        min_value=1, max_value=MOST_JOBS, initial=200, label=_("Jobs of the candidate, at most")
    )
    most_days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=7, label=_("Days, at most"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for rule in Rule:
            times = 100 if rule in SHARES else 1
            low, high = (bound * times for bound in BOUNDS[rule])
            said: dict[str, Any] = {"initial": f"{USUAL[rule] * times:g}", "label": LABELS[rule]}
            self.fields[rule] = (
                forms.IntegerField(min_value=int(low), max_value=int(high), **said)
                if rule in COUNTING
                else forms.FloatField(min_value=low, max_value=high, **said)
            )
        self.order_fields([*Rule, "least_jobs"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            bounds = {rule.value: cleaned[rule] / 100 if rule in SHARES else cleaned[rule] for rule in Rule}
            cleaned["rules"] = StopRules.of(bounds, least_jobs=cleaned["least_jobs"])
        return cleaned

    @property
    def wish(self) -> dict[str, Any]:
        """As `start_canary` takes it."""
        names = ("candidate", "kind", "share", "rules", "most_jobs", "most_days")
        return {name: self.cleaned_data[name] for name in names}
