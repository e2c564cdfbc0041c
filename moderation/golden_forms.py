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

# As an invented text will be shown: a post that waits for an answer, or a reply that is held.
SHOWN_AS = {
    GoldenItem.Kind.POST: policy.OUTCOMES_SHOWN[Post],
    GoldenItem.Kind.REPLY: policy.OUTCOMES_HELD[Reply],
}
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


def _by_kind() -> list[tuple[Any, Any]]:
    """Each once, under the kind of text that it fits as it will be shown: a post that waits, a reply that is held."""
    post, reply = SHOWN_AS[GoldenItem.Kind.POST], SHOWN_AS[GoldenItem.Kind.REPLY]
    groups = (
        (gettext("Of a post"), [one for one in post if one not in reply]),
        (gettext("Of a reply"), [one for one in reply if one not in post]),
        (gettext("Of either"), [*(one for one in post if one in reply), ESCALATE]),
    )
    return [(label, [(str(one), outcome_words(one)) for one in outcomes]) for label, outcomes in groups]


class GoldenForm(MarkForm):
    """An invented text. Never one that somebody sent: those can be marked where they were decided."""

    outcome = forms.ChoiceField(choices=_by_kind, label=_("What is right"))
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
        if kind and outcome and outcome not in (*SHOWN_AS[kind], ESCALATE):
            said = {"outcome": outcome_words(outcome)}
            self.add_error("outcome", gettext("“%(outcome)s” does not fit this kind of text.") % said)
        if kind == GoldenItem.Kind.REPLY and not (given.get("post_text") or "").strip():
            self.add_error("post_text", gettext("Write the post that this reply answers."))
        return given
