from __future__ import annotations

import pytest

from assistant.safety.phases.length import LONGEST, Length
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Length()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b\u200b", "\x00", "...", "\u202e"])
def test_it_holds_nothing_to_read(text: str) -> None:
    assert codes(found(PHASE, text, Kind.SUGGESTION)) == {"length.empty"}
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.POST)) is Severity.REVIEW


@pytest.mark.parametrize("kind", list(Kind))
def test_it_holds_one_character_past_the_limit_and_not_at_the_limit(kind: Kind) -> None:
    text = ("hard day. " * (LONGEST[kind] // 10 + 1))[: LONGEST[kind]]
    assert found(PHASE, text, kind) == []
    assert codes(found(PHASE, text + "x", kind)) == {"length.too_long"}


@pytest.mark.parametrize("text", ["a" * 100, "help" + "!" * 80, "\u0301".join("a" * 90), "🖤" * 70])
def test_it_holds_a_suggestion_of_one_character(text: str) -> None:
    findings = found(PHASE, text, Kind.SUGGESTION)
    assert {"length.one_character", "length.empty"} & codes(findings)
    assert highest(findings) is Severity.HOLD


@pytest.mark.parametrize("text", ["No.", "ok", "aaaaaaah", "I am here.", "-----", "Hmm........ I see"])
def test_it_lets_short_answers_pass(text: str) -> None:
    assert "length.one_character" not in codes(found(PHASE, text, Kind.REPLY))


def test_it_holds_a_text_whose_end_is_not_read() -> None:
    assert "length.too_long" in codes(found(PHASE, "\ufdfa" * 20_000, Kind.POST))
