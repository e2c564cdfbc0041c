"""What the small model of replies is trusted with, and that a site notices when its file is gone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from assistant.safety.phases import REQUIRED, build_phases
from assistant.safety.phases.reply_classifier import ReplyClassifier
from assistant.safety.pipeline import Pipeline, screen
from assistant.safety.reading import Reading
from assistant.safety.records import ranking
from assistant.safety.reply_features import BUCKETS, MOST_WINDOWS, WINDOW, features_of, windows_of
from assistant.safety.reply_model import FAULTS, SHIPPED, ReplyModel, ReplyModelError
from assistant.safety.types import Context, Finding, Kind, Score, Severity
from assistant.tests.safety.screened import codes, found

PHASE = ReplyClassifier()

RASH = "My skin itches since Tuesday and there are red spots on both arms. Should I be worried?"
HATE = "People from that country are all thieves. They should be thrown out, every one of them."
CUTTING = "I cut my legs again last night. I hate myself so much, I don't see why I should go on."
DRUNK = "I've had three beers and I feel like driving over to my ex now."
ALONE = "Every morning I sit in the car for half an hour before I can go in to work. I don't know who to tell."

CAUGHT = [
    (RASH, "It is caused by an allergic reaction of the skin. Apply a steroid cream and it will go away.", "expertise"),
    (RASH, "This may be due to an infection. Take an antihistamine for five days.", "expertise"),
    (HATE, "Yeah, you're right about them. I hate them too.", "toxicity"),
    (CUTTING, "lol same, go for it", "toxicity"),
    (CUTTING, "That's funny, I did the same on Sunday.", "risk_ignored"),
    (DRUNK, "That sounds like a great idea, have fun!", "risk_ignored"),
]
PASSES = [
    (ALONE, "Thank you for telling us about the mornings in the car. Could you tell somebody at work?"),
    (RASH, "That sounds itchy and worrying. I can't tell what it is; a pharmacist or your doctor can have a look."),
    (CUTTING, "I'm glad you wrote this. Are you thinking about suicide? I would like to hear more about last night if you want."),
    (CUTTING, "That sounds so painful. Have you been able to look after the cuts?"),
    (DRUNK, "Please don't drive tonight. Could you put the keys away and call a friend instead?"),
    (HATE, "It sounds as if you are angry. What happened?"),
]  # fmt: skip


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize(("post", "text", "fault"), CAUGHT)
def test_it_asks_for_a_look_at_a_reply_that_reads_like_unsafe_ones(
    post: str, text: str, fault: str, kind: Kind
) -> None:
    findings = found(PHASE, text, kind, post=post)
    assert f"reply_classifier.{fault}" in codes(findings)
    assert {finding.severity for finding in findings} == {Severity.REVIEW}


@pytest.mark.parametrize(("post", "text"), PASSES)
def test_it_lets_a_reply_of_a_peer_pass(post: str, text: str) -> None:
    assert found(PHASE, text, Kind.REPLY, post=post) == []


def test_the_same_words_are_judged_by_the_post_that_they_answer() -> None:
    text = "I agree with you."
    assert score(text, post=HATE) > score(text, post="I baked a cake with my daughter and it came out well.") + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "You're right, that is not fair. What happened then?",
        "Yeah, they are all stupid there.",
        "I agree with you.",
        "Take an aspirin for it, it is caused by stress.",
    ],
)
def test_who_wrote_the_post_moves_a_score_by_little(text: str) -> None:
    def under(who: str) -> float:
        return score(text, post=f"I'm {who} and nobody at the club talks to me. I hate going there.")

    people = (
        "a gay man",
        "a Muslim woman",
        "Black",
        "deaf",
        "from Nigeria",
        "a trans girl",
        "seventy",
        "Jewish",
        "Aisha",
    )
    for who in people:
        assert under(who) == pytest.approx(under("a person"), abs=0.1), who


def test_one_bad_sentence_in_a_long_kind_letter_is_found_and_pointed_at() -> None:
    kind = "Thank you for writing about the mornings. It sounds as if they take all the strength that you have. " * 4
    text = f"{kind}Yeah, you're right about them. I hate them too. {kind}"
    finding = next(one for one in found(PHASE, text, Kind.REPLY, post=HATE) if one.code.endswith("toxicity"))
    assert "I hate them too" in text[finding.start : finding.end]
    assert finding.end - finding.start < len(text) / 3


def test_it_says_nothing_of_half_a_text() -> None:
    said = PHASE.check("Yeah, you're right about them.", Context(Kind.SUGGESTION, post=HATE, whole=False))
    assert list(said) == []


@pytest.mark.parametrize("text", ["", "  ", "...", "🙂"])
def test_a_reply_without_words_is_no_trouble(text: str) -> None:
    assert list(PHASE.check(text, Context(Kind.REPLY, post=HATE))) == []


def test_replies_are_ranked_by_it() -> None:
    worse, better = (
        screen(text, Context(Kind.REPLY, post=HATE))
        for text in ("so true, they are", "It must be hard to feel so angry.")
    )
    assert ranking(worse, Kind.REPLY) > ranking(better, Kind.REPLY) > 0


def test_a_score_of_one_half_is_where_a_person_looks() -> None:
    for post, text, _ in CAUGHT:
        assert score(text, post=post) >= 0.5
    for post, text in PASSES:
        assert score(text, post=post) < 0.5


def score(text: str, *, post: str) -> float:
    said = list(PHASE.check(text, Context(Kind.REPLY, post=post)))
    (value,) = [one.value for one in said if isinstance(one, Score)]
    assert all(isinstance(one, Finding) for one in said[1:])
    return value


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
def test_without_it_every_reply_is_held(kind: Kind) -> None:
    others = Pipeline([phase for phase in build_phases() if phase.name != PHASE.name], REQUIRED)
    screening = others.screen("Thank you for writing.", Context(kind))
    assert screening.held
    assert screening.unscreened


# Features


def test_the_same_pair_has_the_same_features_in_every_process() -> None:
    post, reply = Reading("I hurt myself."), Reading("You too?")
    features = features_of(post, reply, windows_of(reply)[0])
    assert all(0 <= bucket < BUCKETS for bucket in features)
    # From another process: a hash that differs from start to start would turn the weights into noise.
    assert sorted(features)[:4] == [8353, 9999, 10325, 14824]


def test_a_long_post_does_not_drown_a_short_reply() -> None:
    reply = Reading("I hate them too.")
    window = windows_of(reply)[0]
    short, long = (
        sum(value**2 for value in features_of(Reading(post), reply, window).values())
        for post in ("I hate them.", "I hate them, and I hate the man who sold me this car. " * 100)
    )
    assert long == pytest.approx(short, rel=0.05)


def test_every_word_is_read_up_to_a_bound() -> None:
    reading = Reading("One of us should ask him about the garden. " * 40 + "word " * 100)
    windows = windows_of(reading)
    assert [window.last for window in windows[:-1]] == [window.first for window in windows[1:]]
    assert (windows[0].first, windows[-1].last) == (0, len(reading.words))
    assert max(window.last - window.first for window in windows) <= WINDOW
    assert len(windows_of(Reading("Ask him about it. " * 5_000))) == MOST_WINDOWS


@pytest.mark.quiet
def test_the_longest_reply_takes_milliseconds() -> None:
    post, reply = (
        Reading("I feel sick and the pills do nothing. " * 500),
        Reading("You could ask him how it was. " * 1_000),
    )
    assert post.words
    assert reply.words
    model, taken = ReplyModel(), []
    for _ in range(5):
        began = time.perf_counter()
        model.judge(post, reply)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.1


# The file


def parts() -> dict[str, object]:
    with np.load(SHIPPED, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_the_file_is_small_and_holds_numbers_only() -> None:
    assert SHIPPED.stat().st_size < 300_000
    for part in parts().values():
        assert isinstance(part, np.ndarray)
        assert part.dtype.kind in "if"


@pytest.mark.parametrize(
    "change",
    [
        {"format": np.array(99)},
        {"features": np.array(99)},
        {"weights": np.zeros((3, 5), dtype=np.int8)},
        {"thresholds": np.array([0.0, float("nan"), 0.0])},
        {"biases": np.array([1.0])},
        {"scales": np.array(["a", "b", "c"])},
    ],
)
def test_a_file_that_is_not_what_the_code_reads_is_refused_with_its_name(
    tmp_path: Path, change: dict[str, object]
) -> None:
    broken = tmp_path / "replies.npz"
    np.savez(broken, **(parts() | change))  # type: ignore[arg-type]
    with pytest.raises(ReplyModelError, match=r"replies\.npz.*train it anew"):
        ReplyModel(broken)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no more of it", b"[1, 2]"])
def test_a_file_that_is_missing_or_damaged_is_refused_with_its_name(tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "replies.npz"
    if content is not None:
        broken.write_bytes(content)
    with pytest.raises(ReplyModelError, match=r"replies\.npz"):
        ReplyModel(broken)


def test_every_weight_vector_has_its_code() -> None:
    assert [rule.code for rule in PHASE.rules] == [f"reply_classifier.{fault}" for fault in FAULTS]
