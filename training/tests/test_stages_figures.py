"""Accuracy with intervals, adherence to the mode token, tracking, manifest: what needs no torch."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from assistant.inference.trained_prompts import Task
from training.schemas import Example, Origin
from training.stages import asking, manifest, record, tracking
from training.stages.accuracy import LONGER, Scored, report
from training.stages.adherence import adheres, shares
from training.sums import sha256_of

ORIGIN = Origin("invented", "1", "mit")


def scored(name: str, *, group: str, words: tuple[int, int], base: float, dpo: float) -> Scored:
    return Scored(name, group, words, {"base": ((base, 10), (0.0, 10)), "dpo": ((dpo, 10), (0.0, 10))})


def row(task: Task, **told: str) -> Example:
    return Example(id="a", task=task, answer="x", origin=ORIGIN, group="a", **told)  # type: ignore[arg-type]


# Accuracy.


def test_each_question_counts_once_however_many_pairs_it_has() -> None:
    pairs = [scored(f"a{n}", group="a", words=(5, 5), base=1, dpo=1) for n in range(9)]
    pairs.append(scored("b", group="b", words=(5, 5), base=-1, dpo=1))
    told = report(pairs)["all"]
    assert told["questions"] == 2
    assert told["accuracy"]["base, sum"]["value"] == 0.5


def test_dpo_is_compared_with_base_and_length_on_the_same_questions() -> None:
    pairs = [scored(str(n), group=str(n), words=(9, 5) if n % 2 else (5, 9), base=-1, dpo=1) for n in range(40)]
    told = report(pairs)["all"]
    assert told["accuracy"][LONGER]["value"] == 0.5
    assert told["difference"]["dpo, sum - base, sum"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    against_length = told["difference"][f"dpo, sum - {LONGER}"]
    assert 0.3 < against_length["low"] < 0.5 < against_length["high"] < 0.7


def test_pairs_of_about_the_same_length_are_reported_by_themselves() -> None:
    pairs = [scored("a", group="a", words=(10, 9), base=1, dpo=1), scored("b", group="b", words=(30, 9), base=1, dpo=1)]
    matched = next(told for title, told in report(pairs).items() if title.startswith("length-matched"))
    assert matched["pairs"] == 1


def test_a_tie_counts_half() -> None:
    told = report([scored("a", group="a", words=(7, 7), base=0, dpo=0)])["all"]
    assert told["accuracy"][LONGER]["value"] == told["accuracy"]["base, sum"]["value"] == 0.5


def test_the_gain_on_the_base_is_judged_too() -> None:
    told = report([scored("a", group="a", words=(7, 7), base=-3, dpo=-1)])["all"]
    assert told["accuracy"]["dpo, sum"]["value"] == 0.0
    assert told["accuracy"]["dpo, gain on base"]["value"] == 1.0


# Adherence.


@pytest.mark.parametrize(
    ("task", "answer", "is_right"),
    [
        (Task.IMPROVE, "It sounds hard to lose your dog. Maybe go for walks with a friend?", True),
        (Task.IMPROVE, "Dear parents, please find the details of the school event below.", False),
        (Task.IMPROVE, "", False),
        (Task.GENERATE, "You sound worn out. What would help you tonight?", True),
        (Task.GENERATE, "I have been sad since my dog died and I do not know what to do.", False),
        (Task.SEEKER, "I lost my job in May and I have told nobody.", True),
        (Task.SEEKER, "You should talk to your family about it.", False),
        (Task.FEEDBACK, "add empathy\nask a question", True),
        (Task.FEEDBACK, "Your draft is nice but could be warmer.", False),
    ],
)
def test_an_answer_is_of_the_kind_that_was_asked_for(task: Task, answer: str, is_right: bool) -> None:
    asked = row(task, post="My dog died.", draft="Losing a dog is hard. Go for walks.", topic="grief")
    assert adheres(answer, asked, {"add empathy", "ask a question"}) is is_right


def test_a_reply_that_says_the_post_again_is_no_reply() -> None:
    asked = row(Task.GENERATE, post="You never know what you have until you lose your home.")
    assert not adheres("You never know what you have until you lose your home.", asked)


def test_adherence_is_told_for_each_task() -> None:
    rows = [row(Task.SEEKER, topic="work"), row(Task.SEEKER, topic="work")]
    told = shares(["I am tired.", "You are tired."], rows)
    assert (told["seeker"].right, told["seeker"].of) == (1, 2)


# Tracking.


def test_lines_after_the_checkpoint_are_forgotten_and_a_cut_line_too(tmp_path: Path) -> None:
    for step in range(1, 6):
        tracking.note(tmp_path, {"step": step, "loss": 1.0})
    with (tmp_path / tracking.METRICS).open("a", encoding="utf-8") as file:
        file.write('{"step": 6, "lo')
    tracking.forget_after(tmp_path, 3)
    assert [line["step"] for line in tracking.read_metrics(tmp_path)] == [1, 2, 3]


# Manifest.


def finished_run(folder: Path, **told: Any) -> Path:
    (folder / manifest.ADAPTER_FILE).write_bytes(b"GGUF and weights")
    licence = {"key": "mit", "title": "MIT", "publish": True, "condition": "name the source", "rows": {"invented": 3}}
    known = {
        "name": "im-sft", "stage": "sft", "tasks": ["improve", "feedback"], "prompts": {"improve": "improve-2"},
        "base": {"name": "base", "sha256": "0"}, "parent": None, "recipe": {}, "recipe_sha256": "1", "data": {},
        "licences": [licence], "commit": {"hash": "2", "dirty": False}, "seed": 1, "versions": {}, "hardware": "2 cores",
        **told,
    }  # fmt: skip
    (folder / tracking.SUMMARY).write_text(json.dumps({"record": known, "steps": 3}), encoding="utf-8")
    check = {"adapter_sha256": sha256_of(folder / manifest.ADAPTER_FILE), "passed": True, "outtype": "f16"}
    (folder / manifest.CHECK).write_text(json.dumps(check), encoding="utf-8")
    return folder


def test_a_manifest_names_what_made_the_adapter_and_verifies(tmp_path: Path) -> None:
    told = manifest.write(finished_run(tmp_path))
    assert (told["mode"], told["publishable"], told["training"]) == ("improve", True, {"steps": 3})
    assert manifest.verify(tmp_path) == told


def test_a_changed_adapter_does_not_verify(tmp_path: Path) -> None:
    manifest.write(finished_run(tmp_path))
    (tmp_path / manifest.ADAPTER_FILE).write_bytes(b"GGUF and WEIGHTS")
    with pytest.raises(manifest.BadManifest, match="is not the file that the manifest names"):
        manifest.verify(tmp_path)


def test_there_is_no_manifest_for_a_gguf_that_was_not_compared(tmp_path: Path) -> None:
    (finished_run(tmp_path) / manifest.CHECK).unlink()
    with pytest.raises(manifest.BadManifest, match="Run to-gguf first"):
        manifest.write(tmp_path)
    assert not (tmp_path / manifest.MANIFEST).exists()


def test_there_is_no_manifest_for_a_gguf_converted_again_without_a_check(tmp_path: Path) -> None:
    (finished_run(tmp_path) / manifest.ADAPTER_FILE).write_bytes(b"another")
    with pytest.raises(manifest.BadManifest, match="of another adapter"):
        manifest.write(tmp_path)


def test_what_a_parent_learned_from_binds_the_child(tmp_path: Path) -> None:
    research = {"key": "academic", "title": "academic", "publish": False, "condition": "", "rows": {"invented": 1}}
    parent = {"sha256": "3", "record": {"licences": [research], "parent": None}}
    told = manifest.write(finished_run(tmp_path, parent=parent))
    assert not told["publishable"]
    assert [licence["key"] for licence in told["licences"]] == ["mit", "academic"]


def test_a_manifest_that_leaves_something_out_is_refused(tmp_path: Path) -> None:
    manifest.write(finished_run(tmp_path))
    told = json.loads((tmp_path / manifest.MANIFEST).read_text(encoding="utf-8"))
    del told["data"]
    (tmp_path / manifest.MANIFEST).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(manifest.BadManifest, match="data is missing"):
        manifest.verify(tmp_path)


def test_licences_are_counted_by_source() -> None:
    told = record.licences_of([row(Task.SEEKER), row(Task.SEEKER)])
    assert told[0]["rows"] == {"invented": 2}
    assert told[0]["condition"] == "name the source"


def test_the_machine_is_described_without_its_name() -> None:
    assert platform.node() not in record.processor()


def test_answers_are_counted_as_sampling_writes_them(tmp_path: Path) -> None:
    (tmp_path / "outputs.jsonl").write_text('{"id": "a", "outputs": ["I am tired.", "You are."]}\n', encoding="utf-8")
    told = asking.adherence([row(Task.SEEKER)], asking.read_answers(tmp_path / "outputs.jsonl"), ())
    assert told == {"seeker": {"right": 1, "of": 2, "share": 0.5}}


def test_a_line_without_outputs_is_named(tmp_path: Path) -> None:
    (tmp_path / "outputs.jsonl").write_text('{"id": "a", "answer": "I am tired."}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"outputs\.jsonl:1: wants id and outputs"):
        asking.read_answers(tmp_path / "outputs.jsonl")
