from __future__ import annotations

import pytest

from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode, Request
from assistant.safety.phases.support import Element, Support, mandatory_for
from assistant.safety.types import Context, Finding, Kind, Level, Severity
from assistant.streaming.checked import CheckedStream
from assistant.tests.safety.screened import codes, found, highest
from assistant.worker_state import default_params
from webapp.test import FakeEngine

PHASE = Support()
POST = "My partner left in June and since then I barely sleep."

ANSWERS = {
    Element.NOTICED: [
        "I'm worried about you after reading this.",
        "Wanting to die is a heavy thing to carry around for weeks.",
        "It sounds like you can't see a way on, and that your life feels like a burden.",
        "Are you safe where you are?",
        "I take what you wrote seriously.",
    ],
    Element.ASKED: [
        "Are you thinking of killing yourself?",
        "are you thinking about suicide",
        "Do you ever have thoughts of ending your life?",
        "May I ask whether you are thinking of hurting yourself tonight?",
        "When you say you want it over, do you mean that you want to die?",
        "Have you taken anything?",
        "Is she thinking of suicide, as far as you know?",
    ],
    Element.RESOURCE: [
        "You can ring Samaritans, they are awake.",
        "Please call 112 now.",
        "112 can send somebody.",
        "The Samaritans' line is open.",
        "A crisis line near you can listen at any hour.",
        "Text 50808 if talking is too much.",
        "If you have swallowed something, go to the nearest hospital.",
        "pieta.ie has people who know this well",
    ],
    Element.PEOPLE: [
        "Is there anyone who could stay with you tonight?",
        "Could you tell your sister what you told us?",
        "Who is with you right now?",
        "Would it help to have a friend sit with you?",
        "Maybe let somebody you trust look after the tablets.",
    ],
    Element.LIMITS: [
        "I'm a volunteer, not a doctor.",
        "I can't promise to answer at night.",
        "What I can do is read and write back.",
        "As another peer I can only listen.",
        "I'm not a therapist, but I have time.",
    ],
}
NO_ANSWER = {
    Element.NOTICED: ["That job sounds tiring.", "Have a nice weekend!", "I'm not worried about you."],
    Element.ASKED: [
        "What did you do at the weekend?",
        "Have you thought about a suicide prevention group for families?",
        "Are you thinking of moving out?",
    ],
    Element.RESOURCE: [
        "You don't need a helpline.",
        "Don't call 999.",
        "Helplines are useless.",
        "I called a helpline once, long ago.",
        "Call 0800 12 12 90 now.",
    ],
    Element.PEOPLE: ["That is a lot to carry.", "Don't tell your family."],
    Element.LIMITS: ["I know just what to do.", "I am here."],
}
LEADING = [
    "You're not thinking of doing anything stupid, are you?",
    "you're not suicidal, right?",
    "You wouldn't hurt yourself, would you?",
    "Please tell me you're not thinking about it.",
    "I hope you're not planning to kill yourself.",
    "Don't do anything silly.",
]
OPEN = [
    "Are you thinking of killing yourself?",
    "Do you want to tell me more about last night?",
    "You don't have to decide anything now. Would you like to talk?",
    "If you're not up to writing, that's fine.",
    "You're not alone with this. Are you safe tonight?",
    "What made it so hard today?",
]
WHOLE_REPLY = (
    "I'm worried reading this. Are you thinking of killing yourself? Samaritans answer at any hour, and if it gets "
    "close please call 112. Is there somebody who can be with you tonight?"
)


def elements(text: str, country: str = "IE") -> frozenset[Element]:
    return PHASE.elements_in(text, Context(Kind.REPLY, country=country))


def lacking(text: str, level: Level, *, kind: Kind = Kind.REPLY, whole: bool = True) -> list[Finding]:
    return list(PHASE.check(text, Context(kind, country="IE", post=POST, level=level, whole=whole)))


@pytest.mark.parametrize(("element", "text"), [(element, text) for element in ANSWERS for text in ANSWERS[element]])
def test_it_answers_a_question_of_the_flow_with_yes(element: Element, text: str) -> None:
    assert element in elements(text)


@pytest.mark.parametrize(("element", "text"), [(element, text) for element in NO_ANSWER for text in NO_ANSWER[element]])
def test_it_answers_a_question_of_the_flow_with_no(element: Element, text: str) -> None:
    assert element not in elements(text)


def test_a_line_of_another_country_is_no_resource() -> None:
    assert Element.RESOURCE in elements("Text 50808.", country="IE")
    assert Element.RESOURCE not in elements("Text 50808.", country="AU")


@pytest.mark.parametrize("text", LEADING)
def test_it_marks_a_question_that_asks_for_a_no(text: str) -> None:
    assert codes(found(PHASE, text, Kind.REPLY)) == {"support.leading_question"}
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD


@pytest.mark.parametrize("text", OPEN)
def test_it_lets_open_questions_pass(text: str) -> None:
    assert found(PHASE, text, Kind.REPLY) == []


@pytest.mark.parametrize("level", list(Level))
def test_a_reply_that_holds_everything_lacks_nothing(level: Level) -> None:
    assert lacking(WHOLE_REPLY, level) == []


@pytest.mark.parametrize(
    ("level", "expected", "severity"),
    [
        (Level.NONE, set(), None),
        (Level.PASSIVE, {"support.not_noticed"}, Severity.NOTE),
        (Level.ACTIVE, {"support.not_noticed", "support.no_resource"}, Severity.REVIEW),
        (Level.METHOD, {"support.not_noticed", "support.not_asked", "support.resource_required"}, Severity.HOLD),
        (
            Level.PLAN,
            {"support.not_noticed", "support.not_asked", "support.resource_required", "support.no_people"},
            Severity.HOLD,
        ),
    ],
)
def test_what_is_missed_grows_with_the_level(level: Level, expected: set[str], severity: Severity | None) -> None:
    missed = lacking("How was the film?", level)
    assert codes(missed) == expected
    assert highest(missed) is severity
    assert highest(lacking("How was the film?", level, kind=Kind.SUGGESTION)) in (None, Severity.NOTE)


def test_every_level_has_its_row_and_asks_for_what_the_one_below_asks_for() -> None:
    for level in list(Level)[1:]:
        assert set(mandatory_for(Level(level - 1))) <= set(mandatory_for(level))


def test_only_a_whole_text_can_lack_something() -> None:
    assert lacking("I read your post twice.", Level.PLAN, kind=Kind.SUGGESTION, whole=False) == []
    assert lacking("I read your post twice.", Level.PLAN, kind=Kind.SUGGESTION, whole=True) != []


def test_without_a_stored_level_the_post_is_read() -> None:
    dangerous = Context(Kind.REPLY, post="I have the pills here and tonight I am going to kill myself.")
    assert PHASE.level_of(dangerous) >= Level.ACTIVE
    assert codes(PHASE.check("How was the film?", dangerous)) & {"support.no_resource", "support.resource_required"}
    assert PHASE.level_of(Context(Kind.REPLY, post=POST)) is Level.NONE
    assert PHASE.level_of(Context(Kind.REPLY, post=POST, level=Level.METHOD)) is Level.METHOD
    assert PHASE.level_of(Context(Kind.REPLY)) is Level.NONE


def test_a_stream_is_told_at_its_end_what_it_lacks() -> None:
    post = "I have the pills here and tonight I am going to kill myself."
    request = Request(id="1", prompt=build_prompt(Mode.IMPROVE, post=post, draft="hi"), params=default_params())
    stream = FakeEngine().will_say("Thank you for writing. Work sounds busy just now.").submit(request)
    checked = CheckedStream(stream, Context(Kind.SUGGESTION, post=post))
    for _piece in checked:
        assert "support.not_noticed" not in codes(checked.screening.findings)
    assert "support.not_noticed" in codes(checked.screening.findings)
