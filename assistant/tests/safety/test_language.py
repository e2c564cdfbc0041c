from __future__ import annotations

import pytest

from assistant.safety.phases.language import Language
from assistant.safety.types import Context, Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Language()

OTHER = [
    "Je n'en peux plus, je pense tous les jours à tout arrêter et personne ne le voit",
    "Ich kann nicht mehr und weiß nicht, wem ich das noch sagen soll",
    "Ya no puedo más, nadie me escucha y cada noche pienso lo mismo",
    "Я больше не могу так жить",
    "لم أعد أستطيع الاستمرار",
    "もう疲れました。誰も聞いてくれません",
    "Nie mam już siły, każdego dnia budzę się i myślę tylko jak skończyć",
]
ENGLISH = [
    "i cant do this anymore",
    "My mum is ill and I don't know how to help her.",
    "tired tired tired",
    "Exams, rent, night shifts, no sleep, and then my dog died as well.",
    "u ok? im so done w school tbh",
    "I live in Zürich with my Oma and we talk Swiss German at home.",
    "no",
    "🖤🖤🖤🖤🖤🖤🖤🖤🖤",
    "",
]


@pytest.mark.parametrize("text", OTHER)
def test_a_person_looks_at_what_the_word_lists_cannot_read(text: str) -> None:
    assert highest(found(PHASE, text, Kind.POST)) is Severity.REVIEW
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.REVIEW


@pytest.mark.parametrize("text", ENGLISH)
def test_it_lets_english_as_people_write_it_pass(text: str) -> None:
    assert found(PHASE, text, Kind.POST) == []


def test_it_believes_what_the_post_says_about_its_language() -> None:
    assert codes(PHASE.check("ok", Context(kind=Kind.POST, language="de-AT"))) == {"language.unread"}
    assert codes(PHASE.check("ok", Context(kind=Kind.POST, language="en-IE"))) == set()
