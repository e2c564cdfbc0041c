from __future__ import annotations

import pytest

from assistant.safety.phases.medical import Medical
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Medical()

REMEDIES = [
    "You should take some ibuprofen for that.",
    "Try a steroid cream twice a day. Apply the cream every morning.",
    "You need antibiotics.",
    "Magnesium will help you sleep.",
    "It can be treated with antihistamines.",
]
CAUSES = [
    "It is probably a sinus infection.",
    "This could be a thyroid thing, it looks like hypothyroidism.",
    "You may have an ulcer.",
    "Those are symptoms of diabetes.",
    "It's most likely acid reflux.",
]
ORDINARY = [
    "Have you been able to ask a doctor about the headaches?",
    "Your doctor might know whether antibiotics make sense.",
    "I'm sorry to hear about the cancer.",
    "If it is an infection, a pharmacist can tell you more.",
    "You said the migraine keeps you up at night.",
    "Ice cream on a bench sounds lovely.",
    "Being tired all the time is so hard. Who could you talk to about it?",
]


@pytest.mark.parametrize(
    ("code", "text"),
    [("medical.remedy", text) for text in REMEDIES] + [("medical.bodily", text) for text in CAUSES],
)
def test_it_holds_a_suggestion_and_flags_a_reply_that_plays_doctor(code: str, text: str) -> None:
    assert code in codes(found(PHASE, text, Kind.REPLY))
    assert highest(found(PHASE, text, Kind.REPLY)) in (Severity.REVIEW, Severity.HOLD)
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", ORDINARY)
def test_it_lets_ordinary_care_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []
