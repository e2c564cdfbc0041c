from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.safety.pipeline import default_pipeline
from assistant.safety.sources import source_of

FOR_REPLIES = ("support", "methods", "hazards", "medical", "dismissal", "hostility", "promises", "wording")
DOCUMENT = (Path(__file__).parents[3] / "docs" / "safety.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FOR_REPLIES)
def test_every_rule_for_replies_names_its_source_and_stands_in_the_document(name: str) -> None:
    phase = next(phase for phase in default_pipeline().phases if phase.name == name)
    rules = [rule for rule in getattr(phase, "rules", ()) if rule.severities]
    assert rules
    for rule in rules:
        assert source_of(rule.code)
        assert re.search(
            rf"^\| `{rule.code}` \|.*\| {re.escape(rule.reason)} \| {re.escape(rule.source)} \|$", DOCUMENT, re.M
        )
        assert re.search(rf"^- \*\*{re.escape(rule.source)}\*\*", DOCUMENT, re.M)


def test_a_code_without_guidance_has_no_source() -> None:
    assert source_of("length.empty") == ""
    assert source_of("no.such_code") == ""
