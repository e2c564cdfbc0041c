from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.safety.classifier import BUCKETS
from assistant.safety.phases.crisis import Crisis
from assistant.safety.phases.methods import Methods
from assistant.safety.reading import Reading
from assistant.safety.types import Context, Kind
from training.triage import corpus
from training.triage.__main__ import main
from training.triage.corpus import ADJUDICATED, LABELS, CorpusError, Example, labelled, read_levels
from training.triage.features import Reader
from training.triage.model import Recipe, fit, folds, write

CRIES = [
    "I want to die and nobody knows",
    "i am going to end my life soon",
    "all I think of is being dead",
    "I tried to kill myself",
]
CALM = ["My exam is on Monday", "We went to the sea and ate chips", "Are you coming to the party?", "My cat is ill"]
POST = Context(kind=Kind.POST)
EXAMPLES = [
    Example(
        f"{kind}-{number}-{turn}", f"{text}, {'again ' * turn}my friend", level, "", f"writer-{kind}-{number}", False
    )
    for kind, texts, level in (("cry", CRIES, 2), ("calm", CALM, 0))
    for number, text in enumerate(texts)
    for turn in range(3)
]


def test_labels_are_levels_with_known_flags_and_no_text() -> None:
    for path in (LABELS, ADJUDICATED):
        levels = read_levels(path)
        assert len(levels) > 600
        for _level, flags in levels.values():
            assert set(flags) <= set("TCAVPOESHGFU")
    assert set(read_levels(LABELS)).isdisjoint(read_levels(ADJUDICATED))


@pytest.mark.deep
def test_no_writer_is_on_both_sides_of_a_split() -> None:
    reader, recipe = Reader(), Recipe(folds=4)
    rows = reader.matrix([reader.read(example.text) for example in EXAMPLES], trait_scale=recipe.trait_scale)
    with pytest.raises(
        ValueError, match="class"
    ):  # nobody here is at level 3: the model says so instead of inventing one
        next(folds(rows, EXAMPLES, recipe))
    graded = [Example(e.id, e.text, e.level * 2, "", e.group, False) for e in EXAMPLES]
    for _fitted, unseen in folds(rows, graded, recipe):
        held_back = {graded[i].group for i in unseen}
        assert held_back.isdisjoint(e.group for i, e in enumerate(graded) if i not in unseen)


def test_the_site_computes_what_was_trained(tmp_path: Path) -> None:
    reader, recipe = Reader(), Recipe()
    rows = reader.matrix([reader.read(example.text) for example in EXAMPLES], trait_scale=recipe.trait_scale)
    fitted = fit(rows, [example.level * 2 for example in EXAMPLES], recipe)
    classifier = write(tmp_path / "small.npz", fitted, traits=reader.trait_names, recipe=recipe)
    logits = rows @ fitted.weights.T + fitted.bias
    for example, logit in zip(EXAMPLES, logits, strict=True):
        findings = [finding for phase in (Crisis(), Methods()) for finding in phase.check(example.text, POST)]
        verdict = classifier.judge(Reading(example.text), findings)
        assert verdict.danger == pytest.approx(1 / (1 + np.exp(-logit[0])), abs=0.01)  # eight bits a weight
        assert rows.shape[1] == BUCKETS + len(reader.trait_names)


def test_a_folder_without_the_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorpusError, match=r"dev_core\.jsonl"):
        labelled(tmp_path)
    assert main(["train", "--data", str(tmp_path), "--out", str(tmp_path / "x.npz")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_label_without_its_text_is_missed(tmp_path: Path) -> None:
    (tmp_path / "crisis-dev").mkdir()
    (tmp_path / "dreaddit").mkdir()
    (tmp_path / "dreaddit" / "dreaddit-train.csv").write_text("id,text,post_id\n")
    for name in corpus._JSONL:
        row = {"id": f"only-{name}", "text": "hello", "user": "one"}
        (tmp_path / "crisis-dev" / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(CorpusError, match="no text for"):
        labelled(tmp_path)


@pytest.mark.deep
def test_a_bad_line_of_labels_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text("a\t1\t-\nb\t7\t-\n")
    with pytest.raises(CorpusError, match="line 2"):
        read_levels(path)
