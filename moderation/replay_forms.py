"""What leads fill in to try other thresholds on decided cases."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from moderation.other_rules import thresholds_now

MOST = 2_000


class ReplayForm(forms.Form):
    """Both left empty: the rules of now, against what was found when each text came."""

    review_at = forms.FloatField(min_value=0, max_value=1, required=False, label=_("A look from"))
    urgent_at = forms.FloatField(min_value=0, max_value=1, required=False, label=_("Held from"))
    last = forms.IntegerField(
        min_value=1, max_value=MOST, initial=500, label=_("So many decided cases"), help_text=_("The latest ones.")
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, value in asdict(thresholds_now()).items():
            self.fields[name].help_text = gettext("Now %(value)s.") % {"value": value}
