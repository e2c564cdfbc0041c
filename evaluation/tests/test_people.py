"""Triples that people wrote: read from the set as it comes, and never into the repository."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evaluation.revisions import people
from evaluation.revisions.triples import read_triples
from evaluation.suite import BadData

COLUMNS = ("prompt", "hq1", "hq2", "mq1", "lq1", "lq2", "lq3", "lq4", "lq5")
ROW = {
    "prompt": "I bake all night because I can't sleep.",
    "hq1": "The nights are long, and baking fills them.",
    "mq1": "You bake at night.",
    "lq1": "Just go to bed.",
    "lq2": "Stop baking.",
    "lq3": "You should sleep.",
    "lq4": "That is no reason.",
    "lq5": "",
}


def set_of(folder: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with (folder / people.FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_each_reply_is_a_draft_with_the_experts_reflection_as_its_revision(tmp_path: Path) -> None:
    out = tmp_path / "triples.jsonl"
    assert people.main(["--data", str(set_of(tmp_path, [ROW])), "--out", str(out)]) == 0
    found = read_triples(out, split="held_out")
    assert [(one.id, one.draft, one.built) for one in found] == [
        ("pair-1/lq1", "Just go to bed.", "poor"),
        ("pair-1/lq2", "Stop baking.", "poor"),
        ("pair-1/lq3", "You should sleep.", "poor"),
        ("pair-1/lq4", "That is no reason.", "poor"),
        ("pair-1/mq1", "You bake at night.", "middling"),
    ]
    assert {(one.post, one.answer, one.group, one.needs_work) for one in found} == {
        (ROW["prompt"], ROW["hq1"], "pair-1", True)
    }


def test_a_file_with_other_columns_is_refused_with_the_column_that_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_of(tmp_path, [ROW], columns=("prompt", "mq1"))
    assert people.main(["--data", str(tmp_path), "--out", str(tmp_path / "out.jsonl")]) == 2
    assert "want the column hq1, lq1" in capsys.readouterr().err


def test_peoples_texts_are_not_written_into_the_repository(tmp_path: Path) -> None:
    out = Path(people.__file__).parent / "triples.jsonl"
    assert people.main(["--data", str(set_of(tmp_path, [ROW])), "--out", str(out)]) == 2
    assert not out.exists()


def test_a_set_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=people.FILE.replace(".", r"\.")):
        list(people.triples(tmp_path))
