from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.safety import policy
from assistant.safety.classifier import SHIPPED, WINDOW, Classifier, ClassifierError, features_of
from assistant.safety.phases.classifier import ClassifierPhase
from assistant.safety.pipeline import screen
from assistant.safety.reading import Reading
from assistant.safety.types import Context, Finding, Kind, Level, Score, Severity, Tier
from webapp.private_policy import policy_in_force

PHASE = ClassifierPhase()
POST = Context(kind=Kind.POST)

# No rule has a phrase for these.
CRIES = [
    "I don't see myself here next year. I don't want to be anywhere, I just want it to be over",
    "I keep writing letters to my kids for after. they will manage without me",
    "nothing is left of me to save and honestly I stopped wanting to be saved",
    "I look at the platform edge every day on my way to work and count the trains",
    "there won't be a next birthday for me and it is a relief to know that",
    "all I do is think about how peaceful it would be to just be gone from all this pain",
]
ORDINARY = [
    "I failed the second exam and my parents are furious, I don't know how to tell them about the third",
    "My girlfriend moved out on Sunday and the flat is so quiet. I cry when I see her mug.",
    "Does anyone else find the first week of a new job completely exhausting?",
    "We lost the match and our coach screamed at us for an hour",
    "My landlord wants the deposit again and I have no idea where it went",
    "Thank you for answering yesterday, I slept a bit better and called my sister",
]


def said(text: str) -> tuple[list[Finding], float]:
    answers = list(PHASE.check(text, POST))
    (score,) = [answer.value for answer in answers if isinstance(answer, Score)]
    return [answer for answer in answers if isinstance(answer, Finding)], score


@pytest.mark.parametrize("text", CRIES)
def test_it_flags_a_cry_for_help_that_no_rule_has_words_for(text: str) -> None:
    findings, _score = said(text)
    assert [finding.severity >= Severity.REVIEW for finding in findings] == [True]
    assert findings[0].level >= Level.PASSIVE


@pytest.mark.parametrize("text", ORDINARY)
def test_it_leaves_ordinary_trouble_alone(text: str) -> None:
    assert said(text)[0] == []


def test_it_ranks_every_cry_above_every_ordinary_trouble() -> None:
    assert min(said(text)[1] for text in CRIES) > max(said(text)[1] for text in ORDINARY)


def test_its_finding_points_at_the_sentence_that_weighs_most() -> None:
    calm = "We went to the market and bought apples. The bus was late as always. "
    cry = "I wish I could fall asleep and never have to wake up to this pain."
    text = calm * 3 + cry + " " + calm * 3
    (finding,) = said(text)[0]
    assert text[finding.start : finding.end] == cry.rstrip(".")


def test_one_sentence_counts_in_a_long_text_as_it_does_alone() -> None:
    calm = "We went to the market and bought apples for the pie. "
    words = len(Reading(calm).words)
    around = calm * (3 * WINDOW // words)
    for text in (CRIES[5] + ". " + around, around + CRIES[5] + ". " + around, around + CRIES[5] + "."):
        assert screen(text, POST).tier is not Tier.NONE


def test_it_never_lowers_what_a_rule_found() -> None:
    told = [
        finding for finding in screen("I tried to hang myself last night", POST).findings if finding.phase == "crisis"
    ]
    assert any(finding.severity is Severity.HOLD for finding in told)


def test_a_deployment_may_ask_for_more_looks_but_not_for_fewer(tmp_path: Path) -> None:
    strict = replace(policy.current(), thresholds=policy.Thresholds(review_at=0.0001))
    path = tmp_path / "policy.toml"
    text = policy.SHIPPED.read_text(encoding="utf-8").replace("# review_at = 0.3", "review_at = 0.0001")
    path.write_text(text, encoding="utf-8")
    with policy_in_force(path):
        assert policy.current().thresholds == strict.thresholds
        assert [finding.code for finding in said(ORDINARY[0])[0]] == ["classifier.danger"]


def test_the_same_words_give_the_same_numbers_in_every_process() -> None:
    plain, marked, parts = features_of(Reading("I am tired").words)
    assert {1579052299, 3580533695} <= plain | parts
    assert len(plain) == len(marked) == 5  # three words and two pairs


def test_the_file_holds_no_words() -> None:
    with np.load(SHIPPED, allow_pickle=False) as file:
        texts = {name: str(file[name]) for name in file.files if file[name].dtype.kind == "U"}
    assert set(texts) == {"traits"}
    assert all(line.startswith("code:") or line.isidentifier() for line in texts["traits"].split("\n"))
    assert SHIPPED.stat().st_size < 400_000


@pytest.mark.parametrize("harm", ["missing", "cut", "foreign", "nan", "format"])
def test_a_file_that_is_not_right_is_refused_by_name(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "triage.npz"
    shutil.copy(SHIPPED, path)
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(SHIPPED.read_bytes()[:1000])
    elif harm == "foreign":
        path.write_text("not numbers")
    else:
        with np.load(SHIPPED, allow_pickle=False) as file:
            parts = {name: file[name] for name in file.files}
        if harm == "nan":
            parts["bias"] = np.full(4, np.nan, dtype=np.float32)
        else:
            parts["format"] = np.array(99)
        np.savez(path, allow_pickle=False, **parts)
    with pytest.raises(ClassifierError, match=r"triage\.npz"):
        Classifier(path)
