"""What a revision does to a draft, counted by wording: the measure of each goal moves as the goal means."""

from __future__ import annotations

import pytest

from assistant import adherence
from assistant.adherence import MEANINGS, OF_GOAL, Measure, difference, measured
from assistant.inference.trained_prompts import Goal
from assistant.safety.types import Finding, Screening, Severity

POST = "I failed two of my finals and at home nobody talks about anything else."
DRAFT = "Finals are hard and exams are only exams. I think you could look for a tutor. They publish lists of tutors."

# A draft, and the same as the goal asks for it. Invented.
AS_MEANT = {
    Goal.WARMER: (DRAFT, "I'm so sorry that it hit you twice. It makes sense that home feels loud."),
    Goal.CLEARER: (
        "I read it and I thought of my own exams and how they went and that nobody asked me about them.",
        "I read it. I thought of my own exams. Nobody asked me about them.",
    ),
    Goal.SHORTER: (DRAFT, "Finals are hard. You could look for a tutor."),
    Goal.PLAINER: (
        "Examination disappointments characteristically intensify familial expectations considerably, notwithstanding"
        " everybody's intentions.",
        "When an exam goes wrong, they all talk of it at home, and they mean it well, but it is too much.",
    ),
    Goal.NEXT_STEP: (
        "Finals are hard, and two at once are harder.",
        "Finals are hard. You could ask one teacher today.",
    ),
    Goal.QUESTION: ("Do you like home?", "What would you want them to talk about?"),
    Goal.SAFER: ("It is your own fault. Stop whining. What now?", "It hurts to fail. What now?"),
}


@pytest.mark.parametrize("goal", Goal)
def test_the_measure_of_a_goal_moves_as_the_goal_means(goal: Goal) -> None:
    before, after = AS_MEANT[goal]
    measure = OF_GOAL[goal]
    moved = difference(measured(before, post=POST), measured(after, post=POST))[measure]
    assert moved * MEANINGS[measure].wanted > 0


def test_a_draft_that_comes_back_as_it_was_moves_nothing() -> None:
    assert set(difference(measured(DRAFT, post=POST), measured(DRAFT, post=POST)).values()) == {0}


def test_in_other_languages_only_what_needs_no_words_is_counted() -> None:
    assert set(measured("Das klingt schwer. Was hilft dir?", language="de")) == {Measure.WORDS, Measure.SENTENCE}


def test_of_a_text_that_is_too_short_for_it_no_reading_level_is_told() -> None:
    assert Measure.READING not in measured("That is hard.")
    assert measured(" ") == {}


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([("a.b", 0, 3, "a"), ("a.b", 5, 8, "a"), ("a.whole", 0, 0, "a")], 1),
        ([("a.b", 0, 3, "a"), ("pipeline.phase_failed", 0, 0, "pipeline")], None),
    ],
)
def test_kinds_of_wording_are_counted_and_nothing_while_a_check_is_in_trouble(
    findings: list[tuple[str, int, int, str]], told: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(Finding(code, Severity.NOTE, start, end, "", phase) for code, start, end, phase in findings)
    monkeypatch.setattr(adherence, "screen", lambda *_: Screening(found))
    assert measured(DRAFT).get(Measure.SAFETY) == told
