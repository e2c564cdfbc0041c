"""What a revision does to a draft, in numbers: one measure fits each goal. Plain Python: evaluation measures models by it too.

Found by wording and by counting, so it says what the new words hold, not whether they are any good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assistant import meters
from assistant.changes import sentences_in
from assistant.inference.trained_prompts import Goal
from assistant.meters import Mechanism
from assistant.safety.english import is_english
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind
from assistant.translatable import gettext_noop

WARM = frozenset({Mechanism.REACTIONS, Mechanism.INTERPRETATIONS})


class Measure(StrEnum):
    WARMTH = "warmth"
    SENTENCE = "sentence"
    WORDS = "words"
    READING = "reading"
    STEP = "step"
    QUESTION = "question"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Meaning:
    label: str
    wanted: int  # 1: a revision with that goal should raise it; -1: lower it


MEANINGS = {
    Measure.WARMTH: Meaning(gettext_noop("Sentences that say what moves the writer, or show understanding"), 1),
    Measure.SENTENCE: Meaning(gettext_noop("Words in a sentence"), -1),
    Measure.WORDS: Meaning(gettext_noop("Words in all"), -1),
    Measure.READING: Meaning(gettext_noop("Reading level, in years of school"), -1),
    Measure.STEP: Meaning(gettext_noop("Advises, or names somebody to turn to (0 or 1)"), 1),
    Measure.QUESTION: Meaning(gettext_noop("Asks an open question (0 or 1)"), 1),
    Measure.SAFETY: Meaning(gettext_noop("Kinds of wording that the safety checks note"), -1),
}
OF_GOAL = {
    Goal.WARMER: Measure.WARMTH,
    Goal.CLEARER: Measure.SENTENCE,
    Goal.SHORTER: Measure.WORDS,
    Goal.PLAINER: Measure.READING,
    Goal.NEXT_STEP: Measure.STEP,
    Goal.QUESTION: Measure.QUESTION,
    Goal.SAFER: Measure.SAFETY,
}


def difference(before: Mapping[Measure, float], after: Mapping[Measure, float]) -> dict[Measure, float]:
    """After less before, where both could be told."""
    return {measure: after[measure] - before[measure] for measure in Measure if measure in before and measure in after}


def measured(text: str, *, post: str = "", language: str = "en", country: str = "") -> dict[Measure, float]:
    """What cannot be told is left out: of other languages than English all that needs words, of short texts the reading level."""
    words, sentences = len(text.split()), sentences_in(text)
    if not words:
        return {}
    found: dict[Measure, float] = {Measure.WORDS: words, Measure.SENTENCE: words / max(1, len(sentences))}
    if not is_english(language):
        return found
    advises = meters.advises(text) or meters.names_a_resource(text, language=language, country=country)
    found |= {
        Measure.WARMTH: sum(not WARM.isdisjoint(meters.mechanisms_in(one)) for one in sentences),
        Measure.STEP: float(advises),
        Measure.QUESTION: float(meters.asks_openly(text)),
    }
    if (grade := meters.grade_of(text)) is not None:
        found[Measure.READING] = grade
    notes = _safety_notes(text, Context(kind=Kind.REPLY, language=language, country=country, post=post))
    return found if notes is None else found | {Measure.SAFETY: notes}


def _safety_notes(text: str, context: Context) -> int | None:
    """Kinds of finding that point to words; None while a check is in trouble."""
    screening = screen(text, context)
    if screening.unscreened:
        return None
    return len({finding.code for finding in screening.findings if finding.end > finding.start})
