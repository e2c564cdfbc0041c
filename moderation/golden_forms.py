"""What leads fill in for a golden item."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.forms import LetterField
from assistant.models import Post, Reply
from moderation import policies, policy
from moderation.forms import ESCALATE
from moderation.models import Decision, GoldenItem
from moderation.quality_words import outcome_words

OF_APPEALS = (Decision.Outcome.UPHOLD, Decision.Outcome.OVERTURN)


def _outcomes() -> list[tuple[str, str]]:
    outcomes = (*Decision.Outcome.values, ESCALATE)
    return [(one, outcome_words(one)) for one in outcomes if one not in OF_APPEALS]


def _policies() -> list[tuple[str, str]]:
    return [(one.code, gettext(one.label)) for one in policies.POLICIES]


class MarkForm(forms.Form):
    """What would have been right for a decided flag."""

    outcome = forms.ChoiceField(choices=_outcomes, label=_("What is right"))
    closed_as = forms.ChoiceField(
        choices=[("", "—"), *Decision.Closing.choices], required=False, label=_("If it is closed: what came of it")
    )
    policy = forms.ChoiceField(choices=_policies, label=_("Policy"))
    explanation = LetterField(
        max_length=settings.MAX_REASON,
        label=_("Why"),
        help_text=_("Whoever decided it reads this afterwards."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "plain"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("outcome") != Decision.Outcome.CLOSE:
            given["closed_as"] = ""
        elif not given.get("closed_as"):
            self.add_error("closed_as", gettext("Say what came of it, then close it."))
        return given


class GoldenForm(MarkForm):
    """An invented text. Never one that somebody sent: those can be marked where they were decided."""

    kind = forms.ChoiceField(
        choices=[(GoldenItem.Kind.POST, _("Post")), (GoldenItem.Kind.REPLY, _("Reply"))], label=_("Kind of text")
    )
    text = LetterField(
        max_length=settings.MAX_DRAFT,
        label=_("The invented text to decide about"),
        help_text=_("Invent it. Nothing urgent: what looks like danger near must always be real."),
        widget=forms.Textarea(attrs={"rows": 5, "class": "plain"}),
    )
    post_text = LetterField(
        max_length=settings.MAX_DRAFT,
        required=False,
        label=_("Of a reply: the invented post it answers"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "plain"}),
    )
    field_order = ("kind", "text", "post_text", "outcome", "closed_as", "policy", "explanation")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        kind, outcome = given.get("kind"), given.get("outcome")
        # As it will be shown: a post that waits for an answer, or a reply that is held.
        of = policy.OUTCOMES_SHOWN[Post] if kind == GoldenItem.Kind.POST else policy.OUTCOMES_HELD[Reply]
        if kind and outcome and outcome not in (*of, ESCALATE):
            self.add_error("outcome", gettext("“%(outcome)s” does not fit this kind of text.") % {"outcome": outcome})
        if kind == GoldenItem.Kind.REPLY and not (given.get("post_text") or "").strip():
            self.add_error("post_text", gettext("Write the post that this reply answers."))
        return given
