"""Scores are plain counts and two small classifiers, and how far they agree with people is measured."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from training.preparation.agreement import _on_pairs, auc, measure, spearman
from training.preparation.quality import LABELS, QualityError, QualityOptions, Scorer, reading_level, score
from training.sources import LabelledText
from training.tests.invented import ORIGIN

COMFORT = ("I am so sorry about your {}", "that {} must hurt, I feel with you", "sending you love because of the {}")
ADVICE = ("you should call the {} office", "try to fix the {} with glue", "go and ask for a new {}")
THINGS = ("lamp", "kettle", "ladder", "garden", "bicycle", "window", "parrot", "carpet", "drawer", "kitchen")


def sentences(count: int = 120) -> list[LabelledText]:
    draw, found = random.Random(1), []
    for number in range(count):
        comforts = number % 2 == 0
        text = draw.choice(COMFORT if comforts else ADVICE).format(draw.choice(THINGS))
        labels = {"emo_support": float(comforts), "info_support": float(not comforts)}
        found.append(LabelledText(str(number), text, ORIGIN, f"g{number // 3}", labels))
    return found


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.fit(sentences())


def test_it_tells_comfort_from_advice(scorer: Scorer) -> None:
    warm = score("I am so sorry about your teapot.", "My teapot broke.", scorer)
    useful = score("You should call the teapot office.", "My teapot broke.", scorer)
    assert warm["emotional"] > 0.5 > useful["emotional"]
    assert useful["informational"] > 0.5 > warm["informational"]
    assert warm["quality"] > useful["quality"]


def test_one_sentence_that_comforts_is_enough(scorer: Scorer) -> None:
    alone = score("Teapots are made of clay.", "", scorer)["emotional"]
    assert score("Teapots are made of clay. I am so sorry about your window.", "", scorer)["emotional"] > alone


def test_plain_counts() -> None:
    told = score("Your teapot broke. Do you miss it?", "My old teapot broke today.", None)
    assert told["question"] == 1.0
    assert told["words"] == 7.0
    assert told["second_person"] == pytest.approx(2 / 7, abs=1e-3)
    assert told["overlap"] == pytest.approx(2 / 3, abs=1e-3)  # teapot and broke, of teapot, broke, miss
    assert "emotional" not in told
    assert score("", "", None)["quality"] == 0.0


def test_reading_level_is_coleman_and_liaus() -> None:
    text = "The cat sat on the mat. It was fat."  # 25 letters, 9 words, 2 sentences
    assert reading_level(text) == pytest.approx(0.0588 * 2500 / 9 - 0.296 * 200 / 9 - 15.8)
    assert reading_level("!!!") == 0.0


def test_a_saved_scorer_comes_back_and_a_broken_one_is_refused(scorer: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "quality.npz"
    scorer.save(path)
    again = Scorer.load(path)
    assert np.array_equal(again.weights, scorer.weights)
    path.write_bytes(b"nothing")
    with pytest.raises(QualityError, match="no scorer"):
        Scorer.load(path)


def test_it_refuses_to_learn_from_one_side_alone() -> None:
    with pytest.raises(QualityError, match="needs sentences"):
        Scorer.fit(sentences()[::2])


def test_bounds_of_a_recipe_choose_rows() -> None:
    options = QualityOptions(least={"question": 1.0}, most={"words": 5.0})
    assert options.refuses({"question": 0.0, "words": 3.0}) == "question below 1"
    assert options.refuses({"question": 1.0, "words": 6.0}) == "words above 5"
    assert options.refuses({"question": 1.0, "words": 5.0}) == ""
    with pytest.raises(ValueError, match="warmth: no such score"):
        QualityOptions(least={"warmth": 1.0})
    with pytest.raises(ValueError, match="needs `fit_on`"):
        QualityOptions(fit_on="", least={"emotional": 0.5})


def test_figures_know_right_from_wrong() -> None:
    told, given = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
    assert auc(told, given) == 1.0
    assert auc(-told, given) == 0.0
    assert auc(np.ones(4), given) == 0.5
    assert spearman(told, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1.0)
    assert np.isnan(spearman(np.ones(4), given))


def test_pairs_are_ranked_within_their_prompt(scorer: Scorer) -> None:
    def reflection(group: str, text: str, quality: float) -> LabelledText:
        return LabelledText(f"{group}{text}", text, ORIGIN, group, {"quality": quality}, context="My lamp broke.")

    rows = [
        reflection("a", "You miss your lamp and you are sad about your lamp.", 3.0),
        reflection("a", "Lamp.", 2.0),
        reflection("a", "x", 1.0),
    ]
    by_words = {one.label: one.value for one in _on_pairs(rows, scorer, 1, 20) if one.score == "words"}
    assert by_words == {"high over medium": 1.0, "medium over low": 0.5, "high over low": 1.0}


def test_agreement_is_measured_on_posts_that_were_not_seen(tmp_path: Path) -> None:
    folder = tmp_path / "claff-offmychest"
    folder.mkdir()
    head = "sentenceid,post_id,author,text,emotional_disclosure,information_disclosure,emo_support,info_support"
    lines = [
        f"{one.id},{one.group},u{one.id},{one.text.replace(',', '')},0,0,{one.labels[LABELS['emotional']]:g},"
        f"{one.labels[LABELS['informational']]:g}"
        for one in sentences()
    ]
    (folder / "sentences.csv").write_text("\n".join((head, *lines)), encoding="utf-8")
    _, found = measure(tmp_path, seed=1, draws=50)
    assert [one.score for one in found] == ["emotional", "informational"]
    assert all(one.value > 0.95 and one.low <= one.value <= one.high and 0 < one.texts < 60 for one in found)
