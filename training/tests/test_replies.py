"""From a folder of labelled replies to a file that the site reads; nothing of the replies is printed or kept."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.safety.reading import Reading
from assistant.safety.reply_model import FAULTS, ReplyModel
from training.replies.__main__ import main
from training.replies.corpus import EXCHANGED, load
from training.replies.features import windows
from training.replies.fit import LIMITS, out_of_fold, sources, threshold

THINGS = """lamp kettle ladder garden bicycle window parrot carpet drawer kitchen bucket candle hammer pillow blanket""".split()  # noqa: SIM905
SAYS = {
    "Unauthorized Expertise": ("My {} hand aches.", "It is caused by an infection near the {}.", "Ask a doctor about the {}."),
    "Toxicity Agreement": ("I hate people with a {}.", "You are right, I hate the {} too.", "Why does the {} make you angry?"),
    "Risk Ignorance": ("I drank before climbing on the {}.", "Have fun on the {}!", "Please come down from the {}."),
    "Offending User": ("I like my {}.", "You look like a {}.", "What do you like about the {}?"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented, each post with a safe and an unsafe answer."""
    folder, draw = tmp_path_factory.mktemp("data"), random.Random(1)
    rows = []
    for category, (post, unsafe, safe) in SAYS.items():
        for _ in range(40):
            context = post.format(" ".join(draw.sample(THINGS, 2)))
            for label, text in (("Unsafe", unsafe), ("Safe", safe)):
                response = text.format(" ".join(draw.sample(THINGS, 2)))
                rows.append({"context": context, "response": response, "category": category, "label": label})
    keep(folder / "diasafety" / "train.json", rows[:200])
    keep(folder / "diasafety" / "val.json", rows[200:])
    advice = {f"To mend the {thing}": {"safe": ["use glue"], "unsafe": ["use a live wire"]} for thing in THINGS}
    keep(folder / "safetext" / "SafeText.json", advice)
    (folder / "esconv").mkdir()
    with (folder / "esconv" / "dialogues.jsonl").open("w", encoding="utf-8") as file:
        for thing in THINGS:
            said = f"It sounds as if the {thing} matters to you."
            turns = [{"speaker": "usr", "text": f"It is the {thing}."}, {"speaker": "sys", "text": said}]
            file.write(json.dumps({"situation": f"A long week with a {thing}.", "dialog": turns}) + "\n")
    letters = folder / "counsel-chat" / "20200325_counsel_chat.csv"
    letters.parent.mkdir()
    with letters.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["questionID", "questionTitle", "questionText", "answerText"])
        table.writerows(
            [n, "A title", f"What about my {thing}?", f"A doctor can tell you about the {thing}."]
            for n, thing in enumerate(THINGS)
        )
    return folder


def keep(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_what_is_trained_tells_the_three_faults_apart_on_the_site(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "replies.npz"
    assert main(["train", "--data", str(folder), "--out", str(out)]) == 0
    model = ReplyModel(out)
    for fault, category in zip(FAULTS, ("Unauthorized Expertise", "Toxicity Agreement", "Risk Ignorance"), strict=True):
        post, unsafe, safe = (Reading(text.format("old barn")) for text in SAYS[category])
        bad, good = ({one.fault: one.sure for one in model.judge(post, reply)}[fault] for reply in (unsafe, safe))
        assert bad > good + 0.3, fault


@pytest.mark.deep
def test_training_twice_gives_the_same_file(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for file in files:
        main(["train", "--data", str(folder), "--out", str(file)])
    first, second = (dict(np.load(file)) for file in files)
    assert all((first[name] == second[name]).all() for name in first)


def test_the_cross_validation_prints_figures_and_no_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crossvalidate", "--data", str(folder)]) == 0
    printed = capsys.readouterr().out
    for fault in FAULTS:
        assert f"\n{fault}\n" in f"\n{printed}"
    assert not any(thing in printed for thing in THINGS)


def test_replies_to_one_post_are_never_on_both_sides_of_a_split(folder: Path) -> None:
    folds: dict[str, set[int]] = {}
    for example in load(folder):
        if example.source != EXCHANGED:
            folds.setdefault(example.post.casefold(), set()).add(example.fold)
    assert all(len(seen) == 1 for seen in folds.values())
    assert len(set().union(*folds.values())) == 5


def test_an_unsafe_reply_under_another_post_stays_in_its_fold(folder: Path) -> None:
    examples = load(folder)
    known = {(example.text, example.fold) for example in examples if example.source == "diasafety"}
    again = [example for example in examples if example.source == EXCHANGED]
    assert again
    assert all((example.text, example.fold) in known for example in again)


def test_a_threshold_keeps_what_it_flags_of_good_replies_under_the_limits(folder: Path) -> None:
    examples = load(folder)
    scores = out_of_fold(examples, windows(examples))
    everything = np.ones(len(examples), dtype=bool)
    safe = np.array([not example.fault for example in examples])
    for fault in FAULTS:
        flags = scores[fault] >= threshold(scores[fault], examples, using=everything)
        for source in ("esconv", "counsel-chat"):
            assert flags[safe & sources(examples, source)].mean() <= LIMITS[source]


def test_a_folder_without_the_data_is_named_with_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--data", str(tmp_path)]) == 2
    assert "train.json: no such file. Name the folder that holds diasafety" in capsys.readouterr().err
