"""What a model is measured on does not come into what it learns from, whatever the file looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.preparation.leaks import OWN_SUITES, LeakError, LeakIndex, remove_leaking_rows, remove_leaks, texts_in
from training.preparation.quarantine import Quarantine
from training.schemas import Dialogue, Rewrite, Turn
from training.tests.invented import ORIGIN, corpus, example, pair, thread

SECRET = "The red boat in the harbour has been leaking since the storm and nobody wants to mend it"
FILES = {
    "a.jsonl": json.dumps({"id": 1, "deep": [{"any": SECRET}]}) + "\n",
    "a.json": json.dumps([{"x": {"y": SECRET}}]),
    "a.csv": f'id,whatever\n1,"{SECRET}"\n',
    "a.tsv": f"id\twhatever\n1\t{SECRET}\n",
    "a.toml": f'[[case]]\nsaid = "{SECRET}"\n',
    "a.yaml": f"cases: [{{said: '{SECRET}'}}]\n",
    "a.txt": f"A first line that is here.\n{SECRET}\n\nAnother paragraph stands here.\n",
}


@pytest.fixture
def index(tmp_path: Path) -> LeakIndex:
    path = tmp_path / "held.txt"
    path.write_text(SECRET, encoding="utf-8")
    return LeakIndex.of([path])


@pytest.mark.parametrize("name", FILES)
def test_it_reads_every_sort_of_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    assert SECRET in list(texts_in(path))
    assert LeakIndex.of([path]).found(SECRET.upper() + "!") == name


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET.replace("red", "blue"),
        f"I wrote this for another page. {SECRET}. What do you think of it? I would like to know it from all of you here.",
        "the harbour has been leaking since the storm and nobody wants",
    ],
)
def test_it_finds_what_is_equal_or_nearly(index: LeakIndex, text: str) -> None:
    assert index.found(text) == "held.txt"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody wants to",
        "The red boat in the harbour is mine and I am going to sail it to the islands in spring",
        "A green car by the church has been leaking oil since the day that I bought it from him",
    ],
)
def test_it_passes_what_is_other(index: LeakIndex, text: str) -> None:
    assert index.found(text) is None


def test_a_post_that_leaks_takes_its_answers_with_it(index: LeakIndex) -> None:
    quarantine = Quarantine()
    before = corpus(
        thread("a", SECRET, "I would mend it with you.", "Boats are expensive to keep."),
        thread("b", "My boat is dry and clean and ready.", SECRET, "Lucky you with that boat."),
    )
    kept = remove_leaks(before, index, quarantine)
    assert [text.id for text in kept.texts()] == ["b", "b/c2"]
    assert {entry.id: entry.reason for entry in quarantine.entries} == {
        "a": "in held.txt",
        "a/c1": "its post is in held.txt",
        "a/c2": "its post is in held.txt",
        "b/c1": "in held.txt",
    }
    assert index.report.as_dict()["sets"] == [{"set": "held.txt", "texts": 1, "leaks": 4}]


def test_it_looks_at_both_sides_of_a_rewrite_and_at_each_turn(index: LeakIndex) -> None:
    quarantine = Quarantine()
    before = corpus()
    before = type(before)(
        rewrites=(Rewrite("r1", SECRET, "It floats.", ORIGIN), Rewrite("r2", "It sinks.", "It floats.", ORIGIN)),
        dialogues=(Dialogue("d", (Turn("seeker", "Hello."), Turn("seeker", SECRET)), ORIGIN),),
    )
    assert [text.id for text in remove_leaks(before, index, quarantine).texts()] == ["r2"]


def test_it_looks_at_built_rows_once_more(index: LeakIndex) -> None:
    quarantine = Quarantine()
    rows = [example("a"), example("b", draft=SECRET), example("c", answer=SECRET), example("d", post=SECRET)]
    assert [one.id for one in remove_leaking_rows(rows, index, quarantine, "example")] == ["a"]
    pairs = [pair("p"), pair("q", rejected=SECRET)]
    assert [one.id for one in remove_leaking_rows(pairs, index, quarantine, "pair")] == ["p"]


def test_a_set_that_cannot_be_read_stops_the_build(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(LeakError, match=r"broken\.jsonl: cannot be read"):
        LeakIndex.of([broken])
    with pytest.raises(LeakError, match="not there"):
        LeakIndex.of([tmp_path / "none"])


def test_a_folder_is_read_whole_and_says_what_it_skipped(tmp_path: Path) -> None:
    (tmp_path / "set" / "deeper").mkdir(parents=True)
    (tmp_path / "set" / "deeper" / "one.txt").write_text(SECRET, encoding="utf-8")
    (tmp_path / "set" / "weights.bin").write_bytes(b"\0")
    index = LeakIndex.of([tmp_path / "set"], below=tmp_path)
    assert index.found(SECRET) == "set"
    assert index.report.skipped == ["set/weights.bin"]


def test_the_suites_of_the_project_are_there() -> None:
    index = LeakIndex.of(OWN_SUITES)
    assert all(count > 0 for count in index.report.sets.values())
    assert len(index.report.sets) == len(OWN_SUITES)
