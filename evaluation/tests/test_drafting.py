"""A first reply is measured as one: to this post, to somebody, no letter, no set phrase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation import run
from evaluation.revisions.measured import measure
from evaluation.revisions.triples import Triple
from evaluation.suites.drafting import TO_NOBODY, TOO_LONG, faults

POST = "My sister moved abroad in spring and the Sundays are so quiet now. We always cooked together."
REPLY = "The quiet Sundays sound hard since your sister moved. What did you two like to cook?"


def case(post: str = POST, answer: str = REPLY) -> Triple:
    return Triple(id="1", post=post, draft="", answer=answer, group="g")


def test_a_reply_to_the_post_has_no_fault() -> None:
    assert faults(measure(case(), REPLY)) == ()


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("", "empty"),
        ("Dear friend, I hope you are well and that the Sundays get better for you.", "a letter"),
        ("Sundays are quiet in spring.", TO_NOBODY),
        ("You could cook. " + "You might find that cooking on a quiet day brings you other things too. " * 9, TOO_LONG),
        ("I'm sorry, but I cannot assist you with that.", "a refusal"),
        (POST, "a copy of the post"),
        ("Goals: you could cook.", "words of the prompt"),
    ],
)
def test_what_is_no_reply_is_named(output: str, fault: str) -> None:
    assert fault in faults(measure(case(), output))


def test_its_report_names_what_people_wrote_beside(tmp_path: Path) -> None:
    rows = [
        {"id": str(number), "task": task, "post": POST, "answer": REPLY, "split": split}
        for number, (task, split) in enumerate(
            [("generate", "held_out"), ("improve", "held_out"), ("generate", "train")]
        )
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "out.jsonl").write_text(
        json.dumps({"id": "0", "output": "That must be hard. You can call."}), encoding="utf-8"
    )
    asked = ["--suite", "drafting", "--data", str(tmp_path / "rows.jsonl"), "--outputs", str(tmp_path / "out.jsonl")]
    assert run.main([*asked, "--out", str(tmp_path / "report")]) == 0
    told = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    figures = {one["name"]: one["value"] for one in told["figures"]}
    assert told["head"]["cases"] == 1
    assert figures["is a reply to the post"] == 1.0
    assert figures["stock sentence that ignores the post"] == 1.0
