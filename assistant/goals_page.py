"""What the page of the goals is given: each goal with what the model is told and what asking for it changed, in words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import actions
from assistant.adherence import MEANINGS, Measure
from assistant.forms import ChangedGoalForm, GoalForm
from assistant.goal_effects import FEW, TRAINED, Asked, Beside, Effect, Wording, effect_of, suggestions_asked
from assistant.inference.aims import Aim, aim_of
from assistant.inference.prompts import told_in
from assistant.inference.trained_prompts import Goal
from assistant.inference.types import Mode
from assistant.models import Deployment, GoalWording, ModelVersion, WritingGoal

SWITCHED_OFF, OFFERED, NOT_WITH_THIS_MODEL, NO_MODEL = (
    gettext_noop("switched off"),
    gettext_noop("offered"),
    gettext_noop("not offered with this model"),
    gettext_noop("on"),
)
MARKS = {OFFERED: "good", NOT_WITH_THIS_MODEL: "look"}
DECIMALS = {Measure.WORDS: 1, Measure.SENTENCE: 1}  # else 2


def page(
    *, adding: GoalForm | None = None, changing: tuple[uuid.UUID, ChangedGoalForm] | None = None
) -> dict[str, Any]:
    """`adding`, `changing`: a form that was refused, with what was typed."""
    version = Deployment.active_version(Mode.IMPROVE)
    goals = list(WritingGoal.objects.prefetch_related("wordings"))
    asked = suggestions_asked()
    forms = dict([changing]) if changing else {}
    cards = [goal_card(goal, version, asked, forms.get(goal.id)) for goal in goals]
    return {
        "model": said_of(version),
        "goals": cards,
        "refused": next((card["goal"] for card in cards if card["open"]), None),
        "form": adding or GoalForm(),
        "few": FEW,
    }


def said_of(version: ModelVersion | None) -> str:
    """What the active model can be told of."""
    if version is None:
        return gettext("No model is active, so no goal is offered.")
    if told_in(version.prompt_for(Mode.IMPROVE), Aim(code="", told="any")) is not None:
        return gettext("The active model, %(name)s, is told what stands here, in these words.") % {"name": version.name}
    if knows_the_seven(version):
        return gettext(
            "The active model, %(name)s, was trained on %(goals)s goals, each by a word of its own. It is told that word, "
            "whatever the wording, and no other goal is offered with it."
        ) % {"name": version.name, "goals": len(Goal)}
    return gettext("The active model, %(name)s, was trained without goals, so none is offered with it.") % {
        "name": version.name
    }


def knows_the_seven(version: ModelVersion | None) -> bool:
    return version is not None and isinstance(told_in(version.prompt_for(Mode.IMPROVE), aim_of(Goal.WARMER)), Goal)


def goal_card(
    goal: WritingGoal, version: ModelVersion | None, asked: Sequence[Asked], refused: ChangedGoalForm | None
) -> dict[str, Any]:
    told = actions.told_by(version, goal)
    state = state_of(goal, version, told)
    wording, *earlier = reversed(goal.wordings.all())
    cards = [wording_card(goal, one, asked) for one in (wording, *earlier)]
    trained = trained_card(goal, asked)
    if trained is not None and (isinstance(told, Goal) or trained["effect"]["asked"]):
        cards.insert(0 if isinstance(told, Goal) else 1, trained)
    first, *others = cards
    return {
        "goal": goal,
        "state": gettext(state),
        "mark": MARKS.get(state, ""),
        "trained_on": ", ".join(Goal) if told is None and knows_the_seven(version) else "",
        "first": first,
        "others": others,
        "form": refused or form_for(goal, wording),
        "open": refused is not None,
    }


def state_of(goal: WritingGoal, version: ModelVersion | None, told: str | None) -> str:
    if not goal.offered:
        return SWITCHED_OFF
    if version is None:
        return NO_MODEL
    return OFFERED if told is not None else NOT_WITH_THIS_MODEL


def form_for(goal: WritingGoal, wording: GoalWording) -> ChangedGoalForm:
    now = {"label": goal.label, "told": wording.told, "measure": goal.measure, "version": wording.version}
    return ChangedGoalForm(initial=now, auto_id=auto_id(goal))


def auto_id(goal: WritingGoal) -> str:
    """There is a form for each goal on the page."""
    return f"{goal.code}_%s"


def wording_card(goal: WritingGoal, wording: GoalWording, asked: Sequence[Asked]) -> dict[str, Any]:
    effect = effect_of((goal.code, wording.version), goal.measure, asked)
    return {
        "name": gettext("Wording %(version)s") % {"version": wording.version},
        "told": wording.told,
        "since": wording.at,
        "effect": effect_words(effect, goal.measure),
    }


def trained_card(goal: WritingGoal, asked: Sequence[Asked]) -> dict[str, Any] | None:
    word = Aim(goal.code, told="").goal
    if word is None:
        return None
    told: Wording = (goal.code, TRAINED)
    return {
        "name": gettext("The word that the model was trained on"),
        "told": str(word),
        "since": None,
        "effect": effect_words(effect_of(told, goal.measure, asked), goal.measure),
    }


# Words for figures


def effect_words(effect: Effect, measure: str) -> dict[str, Any]:
    return {
        "asked": effect.with_goal,
        "without": effect.without,
        "too_few": effect.too_few,
        "since": effect.since,
        "until": effect.until,
        "figures": figures_of(effect, measure),
    }


def figures_of(effect: Effect, measure: str) -> list[dict[str, str]]:
    figures = []
    for label, beside in (
        (gettext("Changes used"), effect.used),
        (gettext("Changes called not helpful"), effect.not_helpful),
    ):
        if beside is not None:
            figures.append(in_percent(label, beside, effect))
    if measure and effect.wording is not None:
        figures.append(in_numbers(Measure(measure), effect.wording))
    return figures


def in_percent(label: str, beside: Beside, effect: Effect) -> dict[str, str]:
    parts = {"points": beside.apart.value, "low": beside.apart.low, "high": beside.apart.high}
    return {
        "label": label,
        "apart": gettext("%(points)s points [%(low)s, %(high)s]")
        % {name: signed(100 * value, 0) for name, value in parts.items()},
        "clear": clearly(beside),
        "with_goal": share_of(beside.with_goal, effect.changes_with_goal),
        "without": share_of(beside.without, effect.changes_without),
    }


def share_of(share: Any, count: int) -> str:
    return gettext("%(share)s of %(count)s") % {"share": percent(share), "count": f"{count:,}"}


def percent(share: Any) -> str:
    return f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def in_numbers(measure: Measure, beside: Beside) -> dict[str, str]:
    decimals = DECIMALS.get(measure, 2)

    def said(of: Any) -> str:
        return f"{signed(of.value, decimals)} [{signed(of.low, decimals)}, {signed(of.high, decimals)}]"

    return {
        "label": gettext(MEANINGS[measure].label),
        "apart": said(beside.apart),
        "clear": clearly(beside),
        "with_goal": said(beside.with_goal),
        "without": said(beside.without),
    }


def clearly(beside: Beside) -> str:
    """Whether the interval leaves a direction open."""
    if beside.apart.low > 0:
        return gettext("more")
    return gettext("less") if beside.apart.high < 0 else gettext("no clear difference")


def signed(value: float, decimals: int) -> str:
    """With a true minus, and none before a zero."""
    shown = f"{value:+.{decimals}f}"
    return shown.replace("-", "−") if float(shown) else shown[1:]
