"""Which goals supporters can choose, in which order, and what a model is told of each. Nothing is deleted: jobs name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext

from assistant.actions.refused import Refused
from assistant.inference.aims import Aim
from assistant.inference.prompts import told_in
from assistant.inference.types import Mode
from assistant.models import Deployment, GoalWording, ModelVersion, WritingGoal
from assistant.models.goals import LONGEST_LABEL
from assistant.transactions import one_transaction
from assistant.vault import audit


def offered_goals() -> list[WritingGoal]:
    """What a supporter can choose now, in order."""
    version = Deployment.active_version(Mode.IMPROVE)
    goals = WritingGoal.objects.filter(offered=True).prefetch_related("wordings")
    return [goal for goal in goals if told_by(version, goal) is not None]


def told_by(version: ModelVersion | None, goal: WritingGoal) -> str | None:
    """How this model is told of a goal; None where it cannot be."""
    if version is None:
        return None
    return told_in(version.prompt_for(Mode.IMPROVE), Aim(goal.code, goal.wording.told))


def wordings_of(codes: Sequence[str]) -> list[tuple[str, int]]:
    """Code and version of each, as a job keeps them. Raises Refused for one that is not offered any more."""
    if not codes:
        return []
    offered = {goal.code: goal.wording.version for goal in offered_goals()}
    if gone := [code for code in codes if code not in offered]:
        label = WritingGoal.objects.get(code=gone[0]).label
        raise Refused(
            "goal_not_offered",
            gettext("The goal “%(label)s” is not offered any more. Take it out and ask again; your draft is saved.")
            % {"label": label},
            status=422,
        )
    return [(code, offered[code]) for code in codes]


@one_transaction
def add_goal(*, label: str, told: str, measure: str, by: Any) -> WritingGoal:
    """At the end of the list. Raises Refused."""
    goals = list(WritingGoal.objects.select_for_update())
    _refuse_taken(label, goals)
    place = max((goal.place for goal in goals), default=0) + 1
    code = _free_code(label, {goal.code for goal in goals})
    goal = WritingGoal.objects.create(code=code, label=label, measure=measure, place=place)
    GoalWording.objects.create(goal=goal, version=1, told=told)
    audit.record("goal.added", actor=by, object_type="goal", object_id=goal.id)
    return goal


@one_transaction
def change_goal(goal: WritingGoal, *, label: str, told: str, measure: str, version: int, by: Any) -> None:
    """`version`: of the wording that the page showed. Another wording gets the next number. Raises Refused."""
    goals = list(WritingGoal.objects.select_for_update())
    _refuse_taken(label, [one for one in goals if one.id != goal.id])
    wording = goal.wording
    if told != wording.told:
        if version != wording.version:
            raise Refused(
                "newer",
                gettext(
                    "Somebody changed this goal meanwhile. Now the model is told: “%(told)s” "
                    "Yours stands below; save again if it should take that place."
                )
                % {"told": wording.told},
            )
        wording = GoalWording.objects.create(goal=goal, version=version + 1, told=told)
    WritingGoal.objects.filter(id=goal.id).update(label=label, measure=measure)
    audit.record("goal.changed", actor=by, object_type="goal", object_id=goal.id, code=str(wording.version))


@one_transaction
def offer_goal(goal: WritingGoal, *, offered: bool, by: Any) -> None:
    if WritingGoal.objects.filter(id=goal.id, offered=not offered).update(offered=offered):
        audit.record(f"goal.{'offered' if offered else 'withdrawn'}", actor=by, object_type="goal", object_id=goal.id)


@one_transaction
def move_goal(goal: WritingGoal, *, by_places: int, by: Any) -> None:
    """Past the end it stays where it is."""
    order = list(WritingGoal.objects.select_for_update())
    at = order.index(goal)
    to = min(max(at + by_places, 0), len(order) - 1)
    if to == at:
        return
    order.insert(to, order.pop(at))
    for place, one in enumerate(order, start=1):
        one.place = place
    WritingGoal.objects.bulk_update(order, ["place"])
    audit.record("goal.moved", actor=by, object_type="goal", object_id=goal.id)


def _refuse_taken(label: str, others: Sequence[WritingGoal]) -> None:
    if any(other.label.casefold() == label.casefold() for other in others):
        raise Refused(
            "name_taken",
            gettext("There is a goal called “%(label)s” already. Choose another name.") % {"label": label},
            status=422,
        )


def _free_code(label: str, taken: set[str]) -> str:
    code = first = slugify(label).replace("-", "_")[:LONGEST_LABEL] or "goal"
    number = 2
    while code in taken:
        code, number = f"{first}_{number}", number + 1
    return code
