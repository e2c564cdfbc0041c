"""A study file is read strictly: what is wrong is said in one sentence, with file, place and what is expected there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation.studies.stored import read_study, read_texts
from evaluation.studies.tests.invented import Fields, invent_study, read, write
from evaluation.suite import BadData


def test_a_study_is_read_as_it_was_written(tmp_path: Path) -> None:
    fields = invent_study()
    study = read(fields, tmp_path)
    assert len(study.ratings) == len(fields["ratings"])
    assert study.panels == ("lay", "clinician")
    assert study.asked_of("lay") == ("readability", "empathy", "connection", "actionability", "safety")
    assert study.asked_of("clinician")[-1] == "escalation"
    assert study.planned.margin == 0.4
    assert study.counts("post0")
    assert not study.counts("train0")
    assert study.outputs["post0", "alone"].words == 40


def test_a_study_without_lengths_of_texts_is_read(tmp_path: Path) -> None:
    fields = invent_study()
    for output in fields["outputs"]:
        del output["words"]
    assert read(fields, tmp_path).outputs["post0", "alone"].words is None


def _set(*path: Any) -> Callable[[Fields], None]:
    *steps, last, value = path

    def change(fields: Fields) -> None:
        found: Any = fields
        for step in steps:
            found = found[step]
        found[last] = value

    return change


def _twice(fields: Fields) -> None:
    fields["ratings"].append(dict(fields["ratings"][0]))


def _drop(name: str) -> Callable[[Fields], None]:
    return lambda fields: fields.pop(name)


WRONG = [
    (_set("format", 2), 'study.json: want "format" to be 1.'),
    (_set("form", "stars"), 'want "form" to be scales or pairs.'),
    (_set("name", 7), 'want "name" with a text.'),
    (_drop("ratings"), 'want "ratings" with a list.'),
    (_drop("question"), 'want "question" with a text.'),
    (_set("scale", [5, 1]), 'want the first number of "scale" below the second.'),
    (_set("scale", [1]), 'want "scale" with its lowest and its highest whole number.'),
    (_set("scale", [1, True]), 'want "scale" with its lowest and its highest whole number.'),
    (_set("dimensions", ["empathy", "empathy"]), 'want "dimensions" with names, each once.'),
    (_set("arms", 1, "key", "alone"), 'want another "key" for each of "arms".'),
    (_set("arms", 0, None), "arms 1: want an object."),
    (_set("items", 1, "id", "train0"), 'items 2: want another "id": there is one of this name already.'),
    (_set("items", 0, "role", "other"), 'items 1: want "role" to be rated or training or attention.'),
    (_set("raters", 0, "code", ""), 'raters 1: want "code" with a text that is not empty.'),
    (_set("raters", 0, "trained", 1), 'raters 1: want "trained" to be true or false.'),
    (_set("raters", 0, "given", -1), 'raters 1: want "given" with a whole number from 0 up.'),
    (_set("ratings", 2, "rater", "nobody"), 'ratings 3: want "rater" to be one that the study has.'),
    (_set("ratings", 2, "item", "nothing"), 'ratings 3: want "item" to be one that the study has.'),
    (_set("ratings", 2, "arm", "none"), 'ratings 3: want "arm" to be one that the study has.'),
    (_set("ratings", 2, "seconds", "fast"), 'ratings 3: want "seconds" with a number from 0 up, or null.'),
    (_set("ratings", 2, "seconds", float("nan")), 'ratings 3: want "seconds" with a number from 0 up, or null.'),
    (_set("ratings", 2, "values", "empathy", 6), 'ratings 3, values: want "empathy" with a whole number from 1 to 5.'),
    (
        _set("ratings", 2, "values", "empathy", 2.5),
        'ratings 3, values: want "empathy" with a whole number from 1 to 5.',
    ),
    (_set("ratings", 2, "values", "charm", 2), 'ratings 3, values: want the names of "dimensions" alone.'),
    (_set("ratings", 2, "passed", "yes"), 'ratings 3: want "passed" to be true or false.'),
    (_twice, "want each rater to judge a text, or a pair, once."),
    (_set("form", "pairs"), 'want "form" to fit what was rated: pairs goes with "choices" alone.'),
    (
        _set("planned", "reference", "improved"),
        'planned: want "candidate" and "reference" to be two arms, or both empty.',
    ),
    (_set("planned", "reference", ""), 'planned: want "candidate" and "reference" to be two arms, or both empty.'),
    (_set("planned", "dimension", "charm"), 'planned: want "dimension" to be readability or empathy'),
    (_set("planned", "margin", -1), 'planned: want "margin" with a number from 0 up, or null.'),
    (_set("comments", 0, "end", -3), 'comments 1: want "end" with a whole number from 0 up.'),
    (_set("outputs", 1, "arm", "alone"), "outputs 2: want one output for each item and arm."),
    (_set("outputs", 0, "words", "many"), 'outputs 1: want "words" with a whole number from 0 up.'),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said_with_its_place(change: Callable[[Fields], None], said: str, tmp_path: Path) -> None:
    fields = invent_study(items=2)
    change(fields)
    with pytest.raises(BadData) as refused:
        read(fields, tmp_path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 1}', "\xff\xfe", "null", "[" * 10_000])
def test_a_file_that_is_something_else_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BadData, match=r"study\.json"):
        read_study(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be read"):
        read_study(tmp_path / "none.json")


def test_texts_of_another_study_are_refused(tmp_path: Path) -> None:
    study = read(invent_study(items=2), tmp_path)
    texts = {"format": 1, "study": "decaf", "items": [], "comments": []}
    with pytest.raises(BadData, match="belong to another"):
        read_texts(write(texts, tmp_path, name="texts.json"), study)


def test_the_command_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    fields = invent_study(items=2)
    fields["ratings"][4]["values"]["safety"] = 9
    command = [sys.executable, "-m", "evaluation.studies", str(write(fields, tmp_path)), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'ratings 5, values: want "safety" with a whole number from 1 to 5.' in done.stderr
    assert not (tmp_path / "out").exists()
