"""The site's help at the terminal, with the real starter model: same prompts, same phases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assistant.tests.starter import starter_model_file
from webapp import test as build

pytestmark = pytest.mark.model

PAIRS = [
    (build.CALM_POST, build.KIND_DRAFT),
    (
        "I failed my exam again and my sister keeps asking about it.",
        "That sounds tiring. You tried hard. What did she say?",
    ),
]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_comes_back_in_order_and_a_bad_row_stops_nothing(tmp_path: Path) -> None:
    given = tmp_path / "in.jsonl"
    lines: list[Any] = [
        {"id": number, "post": post, "draft": draft, "more": 1} for number, (post, draft) in enumerate(PAIRS)
    ]
    lines.insert(1, {"id": "bad", "post": "no draft here"})
    lines.insert(2, "not an object")
    given.write_text("\n".join(json.dumps(line) for line in lines) + "\n{broken\n", encoding="utf-8")
    call_command(
        "revise",
        "--input",
        str(given),
        "--output",
        str(tmp_path / "out.jsonl"),
        "--model",
        str(starter_model_file().path),
    )
    out = rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in out] == [0, "bad", None, 1, None]
    assert [row["status"] == "failed" for row in out] == [False, True, True, False, True]
    for row in out:
        assert {"id", "suggestion", "status", "findings", "model", "adapter", "tokens", "seconds"} <= set(row)
        assert (row["status"] == "done") == bool(row["suggestion"])


def test_one_pair_streams_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "post").write_text(PAIRS[0][0], encoding="utf-8")
    (tmp_path / "draft").write_text(PAIRS[0][1], encoding="utf-8")
    options = ["--post-file", str(tmp_path / "post"), "--draft-file", str(tmp_path / "draft"), "--json"]
    call_command("revise", *options, "--model", str(starter_model_file().path))
    row = json.loads(capsys.readouterr().out)
    assert row["status"] == "done"
    assert row["tokens"] > 0
    assert row["model"] == "SmolLM2-135M-Instruct.Q4_1"


@pytest.mark.parametrize("options", [[], ["--post-file", "p", "--input", "i", "--output", "o"], ["--input", "i"]])
def test_it_says_what_it_wants(options: list[str]) -> None:
    with pytest.raises(CommandError, match="Give either"):
        call_command("revise", *options)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "post").write_text("Hello.", encoding="utf-8")
    with pytest.raises(CommandError, match="no such file"):
        call_command(
            "revise",
            "--post-file",
            str(tmp_path / "post"),
            "--mode",
            "generate",
            "--model",
            str(tmp_path / "none.gguf"),
        )
