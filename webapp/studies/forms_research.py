"""What researchers enter when they set a study up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import ModelVersion
from webapp.studies.dimensions import Dimension
from webapp.studies.importing import MOST_CHARACTERS
from webapp.studies.models import Arm, Rater, Study
from webapp.studies.picking import MOST_PICKED
from webapp.studies.planning import MOST_SEED

LONGEST_CONSENT = 6_000
MOST_RATINGS = 20  # of a text by one panel
DIMENSION_NAMES = {
    Dimension.READABILITY: _("Readability"),
    Dimension.EMPATHY: _("Empathy"),
    Dimension.CONNECTION: _("Connection"),
    Dimension.ACTIONABILITY: _("Actionability"),
    Dimension.SAFETY: _("Safety"),
}


def _line() -> forms.TextInput:
    return forms.TextInput(attrs={"dir": "auto"})


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "plain", "dir": "auto"})


class QuestionForm(forms.Form):
    name = LetterField(
        max_length=100,
        widget=_line(),
        label=_("Name"),
        help_text=_(
            "Short; commands and files call it so. Raters see it: name nobody, no arm, and nothing that you expect or ask."
        ),
    )
    question = LetterField(
        max_length=500,
        widget=_lines(3),
        label=_("Question"),
        help_text=_("What you want to know, in a sentence or two."),
    )
    form = forms.ChoiceField(choices=Study.Form.choices, widget=forms.RadioSelect, label=_("What raters are shown"))

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise forms.ValidationError(gettext("This name holds a character that cannot be printed."))
        return name


class SizeForm(forms.Form):
    lay_ratings = forms.IntegerField(
        min_value=0,
        max_value=MOST_RATINGS,
        label=_("People of the lay panel for each text"),
        help_text=_("0: this panel is not asked. Three or more tell how far people agree."),
    )
    clinician_ratings = forms.IntegerField(
        min_value=0,
        max_value=MOST_RATINGS,
        label=_("People of the clinician panel for each text"),
        help_text=_("0: this panel is not asked. It alone is asked whether an exchange would calm or heat up."),
    )
    most_per_rater = forms.IntegerField(
        min_value=1,
        max_value=500,
        label=_("Texts for one rater at most"),
        help_text=_("Without training and attention items. A text takes one to three minutes."),
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=MOST_SEED,
        label=_("Seed"),
        help_text=_("The same seed makes the same assignment of the same texts to the same codes."),
    )


class PromiseForm(forms.Form):
    """All of it, or nothing."""

    candidate = forms.ChoiceField(
        required=False, label=_("Candidate"), help_text=_("The arm that is to be shown no worse.")
    )
    reference = forms.ChoiceField(required=False, label=_("Reference"), help_text=_("The arm it is compared with."))
    dimension = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *((str(one), label) for one, label in DIMENSION_NAMES.items())],
        label=_("Dimension"),
    )
    margin = forms.FloatField(required=False, label=_("Margin"))

    def __init__(self, *args: Any, study: Study, **options: Any) -> None:
        super().__init__(*args, **options)
        self.of_pairs = study.form == Study.Form.PAIRS
        arms = [("", "—"), *((arm.key, f"{arm.key} · {arm.get_kind_display()}") for arm in study.arms.all())]
        for name in ("candidate", "reference"):
            self.fields[name].choices = arms  # type: ignore[attr-defined]
        if self.of_pairs:
            del self.fields["dimension"]
            margin_help = _(
                "How far the share of pairs that the candidate wins may lie below one half: 0.05, for example."
            )
        else:
            margin_help = _("By how many points of the scale the candidate may be worse and still count as no worse.")
        self.fields["margin"].help_text = margin_help

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        wanted = [name for name in self.fields if given[name] in ("", None)]
        if len(wanted) == len(self.fields):
            return {"candidate": "", "reference": "", "dimension": "", "margin": None}
        for name in wanted:
            self.add_error(name, gettext("A promise needs this, too. Or leave everything empty."))
        if given.get("candidate", "") == given.get("reference"):
            self.add_error("reference", gettext("An arm is not compared with itself."))
        most = 0.5 if self.of_pairs else 4
        margin = given.get("margin")
        if margin is not None and not 0 < margin < most:
            self.add_error("margin", gettext("More than 0 and less than %(most)s.") % {"most": most})
        return {"dimension": "", **given}


class ConsentForm(forms.Form):
    consent = LetterField(
        max_length=LONGEST_CONSENT,
        widget=_lines(16),
        label=_("What raters agree to"),
        help_text=_("As they read it. It says what is stored, who sees it and how to stop."),
    )
    pairs_for_training = forms.BooleanField(
        required=False,
        label=_("Ask them, too, whether a model may learn from their ratings"),
        help_text=_("Each rater answers for themselves, and rates the same either way."),
    )


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic at run time
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ArmForm(forms.Form):
    key = forms.RegexField(
        r"^[a-z][a-z0-9-]{0,19}$",
        label=_("Key"),
        help_text=_("Small letters, digits and hyphens. Files call the arm so; raters never see it."),
    )
    kind = forms.ChoiceField(choices=Arm.Kind.choices, label=_("Where its texts come from"))
    version = VersionField(
        ModelVersion.objects.none(),
        required=False,
        empty_label=_("none, or the one that is active when it writes"),
        to_field_name="name",
        label=_("Model"),
        help_text=_("Of an arm that a model writes. Without one, picked replies are taken as they were sent."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        version = self.fields["version"]
        assert isinstance(version, forms.ModelChoiceField)
        version.queryset = ModelVersion.objects.defer("manifest", "report").order_by("name")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        kind, version = given.get("kind"), given.get("version")
        if version is not None and kind in (Arm.Kind.ALONE, Arm.Kind.REFERENCE):
            self.add_error("version", gettext("People write the texts of this arm, and no model."))
        if version is None and kind == Arm.Kind.OTHER and "version" not in self.errors:
            self.add_error("version", gettext("Say which other model it is."))
        return given


class ItemsForm(forms.Form):
    lines = LetterField(
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 8, "class": "plain", "spellcheck": "false", "dir": "ltr"}),
        label=_("Items, one JSON object a line"),
    )


class PickForm(forms.Form):
    count = forms.IntegerField(
        min_value=1,
        max_value=MOST_PICKED,
        label=_("How many"),
        help_text=_("As even as possible over levels and languages."),
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=MOST_SEED,
        label=_("Seed of the draw"),
        help_text=_("The same seed draws the same cases."),
    )


class AllowForm(forms.Form):
    reason = LetterField(
        max_length=settings.MAX_REASON,
        widget=_lines(2),
        label=_("Why raters see it all the same"),
        help_text=_("It is kept with the study, and that you said so is in the audit log."),
    )


class RaterForm(forms.Form):
    name = forms.CharField(max_length=150, label=_("Pseudonym"), help_text=_("As they sign in here."))
    panel = forms.ChoiceField(choices=Rater.Panel.choices, widget=forms.RadioSelect, label=_("Panel"))
    credentials = LetterField(
        required=False,
        max_length=200,
        widget=_line(),
        label=_("What they are"),
        help_text=_("In their words: “clinical psychologist, 9 years”. The report repeats it; no name, no employer."),
    )


class EraseForm(forms.Form):
    name = forms.CharField(max_length=100, label=_("Type the name of the study"))

    def __init__(self, *args: Any, study: Study, **options: Any) -> None:
        super().__init__(*args, **options)
        self.study = study

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.study.name:
            raise forms.ValidationError(gettext("This is not its name. Nothing was erased."))
        return name
