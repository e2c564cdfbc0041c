"""The suite `language` through its command: arms beside each other, effect sizes by hand, and no word of a text in a report."""

from __future__ import annotations

import csv
import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import effects
from evaluation.effects import Posts
from evaluation.language.convert import main as convert
from evaluation.language.syllables import main as compare_syllables
from evaluation.revisions import vectors
from evaluation.run import main
from evaluation.tests.test_suites import figure, jsonl, table
from evaluation.tests.test_vectors import Counting

POST = "My zebra ran away and I do not know where to look for it now."
OTHER = "The trombone is broken and I have to play it on Friday in the park."
SHORT = "I am so sorry about the zebra. Where did you see it last? We can look for it together."
LONG = "You should organise a systematic investigation of the neighbourhood. Distribute informational leaflets to residents."


@pytest.fixture(autouse=True)
def _by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is installed here, the figures of these tests are by words."""
    monkeypatch.setattr(vectors, "MODULE", "no_such_package_of_vectors")


def run(folder: Path, data: Path, *more: str) -> dict[str, Any]:
    out = folder / "out"
    assert main(["--suite", "language", "--data", str(data), "--out", str(out), *more]) == 0
    page, whole = ((out / name).read_text(encoding="utf-8") for name in ("report.md", "report.json"))
    for word in ("zebra", "trombone", "leaflets"):
        assert word not in page
        assert word not in whole
    report: dict[str, Any] = json.loads(whole)
    return report


def rows(folder: Path) -> Path:
    return jsonl(
        folder / "replies.jsonl",
        {"id": 1, "post": POST, "text": SHORT, "arm": "human"},
        {
            "id": 2,
            "post": OTHER,
            "text": "Could a neighbour lend you another trombone for Friday, or is that too soon?",
            "arm": "human",
        },
        {"id": 1, "post": POST, "text": LONG, "arm": "gm"},
        {"id": 2, "post": OTHER, "text": LONG + " Investigate alternative instruments.", "arm": "gm"},
    )


def test_each_arm_has_its_figures(tmp_path: Path) -> None:
    report = run(tmp_path, rows(tmp_path))
    # 19 and 14 words; 14 and 17
    assert figure(report, "words: human")["value"] == pytest.approx((19 + 14) / 2)
    assert figure(report, "words: gm")["value"] == pytest.approx((14 + 17) / 2)
    assert figure(report, "questions, of sentences: human")["value"] == pytest.approx((1 / 3 + 1) / 2)
    assert figure(report, "questions, of sentences: gm")["value"] == 0
    assert report["facts"]["replies, gm"] == 2
    assert "by words" in report["facts"]["semantic similarity"]
    assert [plot["name"] for plot in report["plots"]] == ["style-accommodation", "semantic-similarity"]
    assert report["per_case"]["ids"] == ["human/1", "human/2", "gm/1", "gm/2"]
    assert report["per_case"]["values"]["words: gm"] == [None, None, 14.0, 17.0]


def test_effect_sizes_are_against_people_or_against_the_arm_that_is_named(tmp_path: Path) -> None:
    # means 15.5 and 16.5; variances 4.5 and 12.5, pooled 8.5
    effects = table(run(tmp_path, rows(tmp_path)), "Effect sizes: Cohen's d against human")
    assert effects["words"][0]["value"] == pytest.approx(-1 / sqrt(8.5))
    turned = table(run(tmp_path, rows(tmp_path), "--against", "gm"), "Effect sizes: Cohen's d against gm")
    assert turned["words"][0]["value"] == pytest.approx(1 / sqrt(8.5))


def test_strategies_of_politeness_are_shares_of_replies(tmp_path: Path) -> None:
    found = table(run(tmp_path, rows(tmp_path)), "Strategies of politeness")
    assert [cell["value"] for cell in found["apologizing"]] == ["more", 0.5, 0.0]
    assert [cell["value"] for cell in found["second person start"]] == ["less", 0.0, 1.0]


def test_replies_to_one_post_are_compared_with_each_other(tmp_path: Path) -> None:
    data = jsonl(
        tmp_path / "replies.jsonl",
        {"id": 1, "post": POST, "text": "zebra", "arm": "same"},
        {"id": 2, "post": POST, "text": "Zebras!", "arm": "same"},
        {"id": 3, "post": POST, "text": "zebra", "arm": "apart"},
        {"id": 4, "post": POST, "text": "trombone", "arm": "apart"},
        {"id": 5, "post": OTHER, "text": "trombone", "arm": "apart"},
    )
    report = run(tmp_path, data)
    told = figure(report, "diversity of replies to a post: same")
    assert (told["value"], told["n"]) == (pytest.approx(0), 1)
    assert (told["low"], told["high"]) == (None, None)  # one post says nothing of others
    assert figure(report, "diversity of replies to a post: apart")["value"] == 1


def test_what_goes_with_length_is_told(tmp_path: Path) -> None:
    texts = ["see see", "see it is so", "see it is so so so", "see it is so so so so so"]  # repeated: 1/2, 0, 2/6, 4/8
    data = jsonl(
        tmp_path / "replies.jsonl",
        *({"id": number, "post": POST, "text": text, "arm": "human"} for number, text in enumerate(texts)),
    )
    found = table(run(tmp_path, data), "What goes with length")
    # ranks of length 1 2 3 4, of repeatability 3.5 1 2 3.5: covariance 0.5, deviations of 5 and 4.5 squared
    assert found["repeatability"][0]["value"] == pytest.approx(0.5 / sqrt(5 * 4.5))
    assert found["Coleman-Liau grade"][0]["value"] is None


def test_outputs_of_a_model_become_an_arm(tmp_path: Path) -> None:
    written = jsonl(tmp_path / "outputs.jsonl", {"id": 1, "output": SHORT}, {"id": 2, "output": SHORT})
    report = run(tmp_path, rows(tmp_path), "--outputs", f"sft={written}")
    assert figure(report, "words: sft")["value"] == 19


def test_sentence_vectors_are_used_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "load", Counting)
    data = jsonl(
        tmp_path / "replies.jsonl",
        {"id": 1, "post": "dog dog sea", "text": "dog bus", "arm": "human"},
        {"id": 2, "post": "sea", "text": "sea", "arm": "human"},
    )
    report = run(tmp_path, data)
    assert report["facts"]["semantic similarity"] == "by sentence vectors of counting"
    # (2 * 1) / (sqrt(5) * sqrt(2)), and 1
    assert figure(report, "semantic similarity: human")["value"] == pytest.approx((2 / sqrt(10) + 1) / 2)


def test_a_dictionary_that_somebody_owns_is_counted_as_well(tmp_path: Path) -> None:
    (tmp_path / "own.dic").write_text("%\n1\tanimals\n%\nzebra*\t1\n", encoding="utf-8")
    report = run(tmp_path, rows(tmp_path), "--dictionary", str(tmp_path / "own.dic"))
    means = table(report, "Every measure")
    assert means["dictionary: animals, %"][0]["value"] == pytest.approx(100 / 19 / 2)
    assert report["facts"]["dictionary"] == "own.dic"


def test_replies_that_others_published_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["questionTitle", "questionText", "answerText"])
        writer.writerows([["T", POST, SHORT], ["T", POST, SHORT.upper()], [OTHER, "", LONG], ["T", OTHER, ""]])
    report = run(tmp_path, path, "--format", "counsel-chat")
    assert report["facts"]["replies, human"] == 2  # one repeats another, one says nothing
    peers = jsonl(tmp_path / "epitome.jsonl", {"seeker_post": POST, "response_post": SHORT})
    assert figure(run(tmp_path, peers, "--format", "epitome"), "words: human")["value"] == 19


def test_several_sources_become_arms_of_one_file(tmp_path: Path) -> None:
    peers = jsonl(tmp_path / "epitome.jsonl", {"seeker_post": POST, "response_post": SHORT})
    out = tmp_path / "rows.jsonl"
    assert convert(["--format", "epitome", "--data", str(peers), "--arm", "peers", "--out", str(out)]) == 0
    assert figure(run(tmp_path, out), "words: peers")["value"] == 19


def test_texts_are_not_written_where_they_could_be_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers = jsonl(tmp_path / "epitome.jsonl", {"seeker_post": POST, "response_post": SHORT})
    out = Path(effects.__file__).with_name("rows.jsonl")
    assert convert(["--format", "epitome", "--data", str(peers), "--arm", "peers", "--out", str(out)]) == 2
    assert "rows.jsonl" in capsys.readouterr().err
    assert not out.exists()


def test_rows_of_the_other_suites_are_read(tmp_path: Path) -> None:
    triples = jsonl(
        tmp_path / "triples.jsonl",
        {"id": "a", "post": POST, "draft": "Look for it.", "answer": SHORT, "keep": [], "goals": []},
        {"id": "b", "task": "generate", "post": POST, "answer": SHORT},
    )
    assert run(tmp_path, triples, "--format", "revision")["facts"]["replies, good revision"] == 1
    assert run(tmp_path, triples, "--format", "drafting")["facts"]["replies, human"] == 1


@pytest.mark.parametrize(
    ("row", "more", "said"),
    [
        ({"post": POST, "text": SHORT}, (), 'want "arm"'),
        ({"post": POST, "arm": "human"}, (), 'want "text" with text'),
        ({"post": POST, "text": SHORT, "arm": "human"}, ("--against", "gm"), "no such arm; there are human"),
        ({"post": POST, "text": SHORT, "arm": "human"}, ("--outputs", "gm=here.jsonl"), "here.jsonl"),
        ({"post": POST, "text": SHORT, "arm": "human"}, ("--dictionary", "here.dic"), "here.dic"),
        ({"post": POST, "text": " ", "arm": "human"}, (), "holds no case"),
    ],
)
def test_what_cannot_be_read_is_said_without_a_word_of_it(
    tmp_path: Path, row: dict[str, str], more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = jsonl(tmp_path / "replies.jsonl", row)
    assert main(["--suite", "language", "--data", str(data), "--out", str(tmp_path / "out"), *more]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "zebra" not in told


def test_an_arm_that_is_there_already_or_lacks_a_case_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = jsonl(tmp_path / "outputs.jsonl", {"id": 1, "output": SHORT})
    assert main(["--suite", "language", "--data", str(rows(tmp_path)), "--outputs", f"sft={written}"]) == 1
    assert "no output for 1 of the 2 cases, such as 2" in capsys.readouterr().err
    written = jsonl(tmp_path / "outputs.jsonl", {"id": 1, "output": SHORT}, {"id": 2, "output": SHORT})
    assert main(["--suite", "language", "--data", str(rows(tmp_path)), "--outputs", f"gm={written}"]) == 1
    assert "the arm gm is in the data already" in capsys.readouterr().err


def test_the_same_reply_twice_under_one_id_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"id": 1, "post": POST, "arm": "human"}
    data = jsonl(tmp_path / "replies.jsonl", {**one, "text": SHORT}, {**one, "text": LONG})
    assert main(["--suite", "language", "--data", str(data)]) == 1
    assert 'the same "id" and "arm"' in capsys.readouterr().err


# Effect sizes


def test_cohens_d_by_hand() -> None:
    # means 3 and 6, variances 1 and 4, of 3 values each: 3 / sqrt((2 * 1 + 2 * 4) / 4)
    posts = Posts(list("abc"), seed=1)
    found = posts.cohens_d([2, 3, 4], list("abc"), [4, 6, 8], list("abc"))
    assert found.value == pytest.approx(-3 / sqrt(2.5))
    assert found.low <= -3 / sqrt(2.5) <= found.high


def test_where_nothing_differs_or_too_little_is_there_no_effect_is_told() -> None:
    posts = Posts(list("ab"), seed=1)
    assert posts.cohens_d([1, 1], list("ab"), [1, 1], list("ab")).value is None
    assert posts.cohens_d([1], ["a"], [1, 2], list("ab")).value is None
    assert posts.mean([], []).value is None


def test_replies_to_the_same_posts_do_not_make_an_interval_narrower() -> None:
    values = [float(one % 7) for one in range(40)]
    posts = [str(one) for one in range(40)]
    once = Posts(posts, seed=1).mean(values, posts)
    thrice = Posts(posts, seed=1).mean(values * 3, posts * 3)
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low)


@pytest.mark.deep
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Two arms on the same 60 posts, two replies each, of which a half of the variance is the post's; true d = 0.5."""
    held = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        posts = np.repeat(np.arange(60), 2)
        of_post = generator.normal(size=60) * sqrt(0.5)
        arms = [of_post[posts] + generator.normal(size=120) * sqrt(0.5) + shift for shift in (0.5, 0.0)]
        names = [str(one) for one in posts]
        found = Posts(names, seed=seed).cohens_d(list(arms[0]), names, list(arms[1]), names)
        held += found.low <= 0.5 <= found.high
    assert held >= 180  # 190 expected; fewer than 180 in one of a thousand such tests


# Syllables


def test_syllables_are_compared_with_a_dictionary_of_sounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dictionary = tmp_path / "sounds.dict"
    dictionary.write_text(
        ";;; made here\nzebra Z IY1 B R AH0 # an animal\nhelped HH EH1 L P T\n"
        "walk W AO1 K AH0\nfire F AY1 ER0\nfire(2) F AY1 R\n",
        encoding="utf-8",
    )
    data = jsonl(tmp_path / "replies.jsonl", {"id": 1, "post": POST, "text": "Zebra zebra walk fire", "arm": "human"})
    assert compare_syllables(["--dictionary", str(dictionary), "--format", "rows", "--data", str(data)]) == 0
    told = capsys.readouterr().out.splitlines()
    # zebra twice and fire agree, walk does not: 2 + 2 + 1 + 1 = 6 syllables beside 2 + 2 + 2 + 1 = 7
    assert told[0] == "words as often as they are written: 0.7500 of 4 agree; -14.29% syllables"
    assert told[2].startswith("all words of the dictionary: 0.7500 of 4")


def test_what_is_no_dictionary_of_sounds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sounds.dict").write_text("zebra\n", encoding="utf-8")
    asked = ["--dictionary", str(tmp_path / "sounds.dict"), "--format", "rows", "--data", str(rows(tmp_path))]
    assert compare_syllables(asked) == 2
    assert "row 1: want a word and its sounds" in capsys.readouterr().err
