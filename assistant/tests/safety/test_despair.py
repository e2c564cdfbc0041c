"""Rules of the dismissal phase that need care with who says a thing: despair, sending away, threats, prescribed faith."""

from __future__ import annotations

import pytest

from assistant.safety.phases.dismissal import Dismissal
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Dismissal()

HELD = {
    "dismissal.despair": [
        "You're right, there is no way out.",
        "Honestly nothing will help you.",
        "It will never get better.",
        "I think you're hopeless.",
        "Dying would be a release for you.",
        "I would want to die too.",
        "You might as well give up.",
        "Life is pointless anyway.",
        "You will always be alone.",
        "I can't see how things could improve for you.",
        "If it hurts so much, dying is okay.",
    ],
    "dismissal.rejecting": [
        "That's not my problem.",
        "Don't write to me again.",
        "I can't deal with this.",
        "Find someone else to talk to.",
        "You're on your own.",
        "We can't help people like you.",
        "I'm done with you.",
    ],
    "dismissal.pressure": [
        "You will go to hell for that.",
        "Suicide is a sin.",
        "God hates people who do that.",
        "You will get locked up for that.",
        "I will call the police on you.",
        "If you don't stop, I will tell your parents.",
        "Only cowards do that.",
    ],
}
HINTED = {
    "dismissal.leaving": [
        "I have to go now, bye.",
        "Good luck with that.",
        "That's all from me.",
        "I'm logging off.",
        "Goodbye.",
    ],
    "dismissal.faith": [
        "You should pray about it.",
        "Put your trust in God.",
        "Jesus loves you.",
        "You need to find God.",
        "The Bible says to forgive.",
    ],
}
PASSING = [
    "It feels as if there is no way out, and you have carried that for weeks.",
    "When you think nothing will help, what goes through your mind?",
    "You wrote that life is pointless. Did that start after the move?",
    "I don't think you're hopeless.",
    "It isn't hopeless, even if it feels that way.",
    "You're afraid it will never get better.",
    "Hearing that you were on your own with this makes me sad.",
    "You don't have to figure it out on your own.",
    "I can't help you with the forms, but I can listen.",
    "Suicide is not a sin.",
    "You were told you would go to hell; that is frightening to carry.",
    "Nobody will call the police because you feel this way.",
    "I have to go now, but I will write back tomorrow, and Samaritans are there meanwhile.",
    "Saying goodbye to her must have been hard.",
    "There is no right way to grieve.",
    "Nothing can change what happened, and still you are here writing about it.",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize(("code", "text"), [(code, text) for code in HELD for text in HELD[code]])
def test_it_holds_what_takes_hope_or_threatens(code: str, text: str, kind: Kind) -> None:
    findings = found(PHASE, text, kind)
    assert code in codes(findings)
    assert highest(findings) is Severity.HOLD


@pytest.mark.parametrize(("code", "text"), [(code, text) for code in HINTED for text in HINTED[code]])
def test_it_hints_at_an_abrupt_end_and_at_prescribed_faith(code: str, text: str) -> None:
    assert codes(found(PHASE, text, Kind.REPLY)) == {code}
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.NOTE
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", PASSING)
def test_it_lets_what_is_said_back_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []


@pytest.mark.parametrize("text", HINTED["dismissal.faith"])
def test_it_lets_faith_pass_where_the_post_speaks_of_it(text: str) -> None:
    assert found(PHASE, text, Kind.REPLY, post="I used to pray every night and now I can't.") == []
