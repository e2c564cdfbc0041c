"""Whether a revision does what it was asked to aim for: of each goal the change that fits it, beside drafts without a goal."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.adherence import MEANINGS, OF_GOAL, Measure, difference, measured
from assistant.inference.trained_prompts import Goal
from evaluation.revisions.measured import Measured
from evaluation.stats import Estimate, mean_of, share_of
from evaluation.suite import Table, Value

NOTE = (
    "Output less draft, counted by wording as on the admins' page of goals (assistant/adherence.py). A measure is left out where"
    " it cannot be told, such as the reading level of a short text. Which drafts have a goal is not chance: the good revisions of"
    " the same drafts are the fairer measure."
)
COLUMNS = (
    "goal",
    "measure",
    "meant",
    "triples",
    "outputs, change",
    "moved as meant",
    "good revisions, change",
    "outputs without a goal, change",
)


def by_goal(cases: Sequence[Measured]) -> Table:
    """No row for a goal that no triple has."""
    asked = [goal for goal in Goal if any(goal in one.triple.goals for one in cases)]
    wishless = [one for one in cases if not one.triple.goals] if asked else []
    changes = {one.triple.id: _change(one, one.output) for one in cases if asked}
    rows = []
    for goal in asked:
        measure, own = OF_GOAL[goal], [one for one in cases if goal in one.triple.goals]
        moved = _values([changes[one.triple.id] for one in own], measure)
        answers = _values([_change(one, one.triple.answer) for one in own], measure)
        row: tuple[Value, ...] = (
            goal.value,
            MEANINGS[measure].label,
            "more" if MEANINGS[measure].wanted > 0 else "less",
            len(own),
            mean_of(moved),
            _as_meant(moved, measure),
            mean_of(answers),
            mean_of(_values([changes[one.triple.id] for one in wishless], measure)),
        )
        rows.append(row)
    return Table("By goal", COLUMNS, tuple(rows), NOTE)


def _change(one: Measured, text: str) -> dict[Measure, float]:
    triple = one.triple
    return difference(measured(triple.draft, post=triple.post), measured(text, post=triple.post))


def _values(changes: Sequence[dict[Measure, float]], measure: Measure) -> list[float]:
    return [change[measure] for change in changes if measure in change]


def _as_meant(values: Sequence[float], measure: Measure) -> Estimate:
    return share_of([value * MEANINGS[measure].wanted > 0 for value in values])
