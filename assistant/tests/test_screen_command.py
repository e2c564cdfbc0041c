"""A file of texts in, a file of screenings out; a bad line is named and stops nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assistant.safety.pipeline import default_pipeline
from assistant.safety.records import LONGEST_LINE, ranking
from assistant.safety.types import Finding, Kind, Level, Screening, Severity

ROOT = Path(__file__).resolve().parent.parent.parent
CALM = "I baked bread with my aunt today and it went well."
DANGER = "I am going to kill myself tonight."


def screened(folder: Path, *rows: Any, kind: str = "post") -> list[dict[str, Any]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    source.write_bytes(b"\n".join(lines) + b"\n")
    call_command("screen", kind=kind, input=str(source), output=str(target))
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_each_row_is_answered_in_the_same_order(tmp_path: Path) -> None:
    calm, danger, number = screened(
        tmp_path, {"id": "calm", "text": CALM, "votes": 3}, {"id": "x", "text": DANGER}, {"id": 7, "text": CALM}
    )
    assert calm["id"] == "calm"
    assert calm["tier"] == "none"
    assert calm["findings"] == []
    assert number["id"] == 7
    assert danger["tier"] == "urgent"
    assert danger["score"] > calm["score"]
    assert danger["ms"] > 0
    assert set(danger) == {"id", "tier", "level", "score", "findings", "ms"}
    finding = next(finding for finding in danger["findings"] if finding["severity"] == "hold")
    assert set(finding) == {"code", "severity", "start", "end", "reason"}
    assert "kill myself" in DANGER[finding["start"] : finding["end"]]


def test_a_reply_is_screened_with_its_post_and_country(tmp_path: Path) -> None:
    reply = "You can call Samaritans on 116 123."
    at_home, elsewhere = screened(
        tmp_path,
        {"id": 1, "text": reply, "post": CALM, "country": "IE"},
        {"id": 2, "text": reply, "post": CALM, "country": "AU"},
        kind="reply",
    )
    assert "links.other_country" not in [finding["code"] for finding in at_home["findings"]]
    assert "links.other_country" in [finding["code"] for finding in elsewhere["findings"]]


def test_bad_rows_are_named_by_line_and_the_others_screened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "good", "text": CALM}
    bad = [
        b"no json",
        b"[1]",
        b"\xff{}",
        {"id": "a"},
        {"id": "a", "text": 5},
        {"id": "a", "text": None},
        {"text": CALM},
        {"id": True, "text": CALM},
        {"id": "", "text": CALM},
        {"id": "a", "text": CALM, "country": 49},
        b"[" * 100_000,
        json.dumps({"id": "a", "text": "x" * LONGEST_LINE}).encode(),
    ]
    with pytest.raises(CommandError, match=f"{len(bad)} line"):
        screened(tmp_path, good, *bad, b"", good)
    out = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in out] == ["good", "good"]
    said = capsys.readouterr().err
    for number in range(2, 2 + len(bad)):
        assert f"line {number}: " in said
    assert CALM not in said


@pytest.mark.parametrize("text", ["", " ", "\ud800 half a character", "\x00\x1b[2J", "💚" * 50])
def test_odd_texts_come_through(tmp_path: Path, text: str) -> None:
    assert len(screened(tmp_path, {"id": 1, "text": text, "post": None})) == 1


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": 1, "text": CALM}) + "\n", encoding="utf-8")
    with pytest.raises(CommandError, match="this is the input"):
        call_command("screen", kind="post", input=str(path), output=str(path))
    assert path.stat().st_size > 0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("screen", kind="post", input=str(tmp_path / "nowhere"), output=str(tmp_path / "out"))


@pytest.mark.process
def test_it_needs_no_folder_no_database_and_no_settings() -> None:
    """As a stranger runs it: through pipes, with a data folder that cannot be made."""
    env = {"PATH": os.environ["PATH"], "DATA_DIR": "/dev/null/nowhere", "DATABASE_URL": "postgres://127.0.0.1:1/none"}
    rows = io.BytesIO(json.dumps({"id": "a", "text": DANGER}).encode() + b"\nbroken\n")
    done = subprocess.run(
        [sys.executable, "manage.py", "screen", "--kind", "post", "--input", "-", "--output", "-"],
        input=rows.getvalue(),
        capture_output=True,
        cwd=ROOT,
        env=env,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert b"line 2: not a JSON object." in done.stderr
    assert json.loads(done.stdout)["tier"] == "urgent"


def test_what_findings_say_is_never_ranked_below_a_mere_score() -> None:
    def finding(severity: Severity, level: Level = Level.NONE) -> Finding:
        return Finding("crisis.plan", severity, 0, 0, "A reason.", "crisis", level)

    ladder = [
        Screening(),
        Screening((finding(Severity.NOTE),), score=0.1),
        Screening((finding(Severity.REVIEW),)),
        Screening((finding(Severity.REVIEW, Level.PASSIVE),)),
        Screening((finding(Severity.HOLD, Level.ACTIVE),)),
        Screening((finding(Severity.HOLD, Level.METHOD),)),
        Screening((finding(Severity.HOLD, Level.PLAN),)),
        Screening((finding(Severity.HOLD, Level.PLAN),), score=0.9),
    ]
    ranks = [ranking(screening, Kind.POST) for screening in ladder]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert 0.0 <= min(ranks) <= max(ranks) <= 1.0


def test_a_hint_ranks_a_reply_but_not_a_post() -> None:
    hint = Screening((Finding("dismissal.cheering", Severity.NOTE, 0, 0, "A reason.", "dismissal"),))
    assert ranking(hint, Kind.REPLY) > ranking(Screening(), Kind.REPLY)
    assert ranking(hint, Kind.POST) == ranking(Screening(), Kind.POST)


def test_a_check_that_was_switched_off_while_the_machine_was_busy_is_asked_again(tmp_path: Path) -> None:
    default_pipeline().breaker.open("crisis", "timeout")
    (row,) = screened(tmp_path, {"id": 1, "text": DANGER})
    assert row["tier"] == "urgent"
    assert not [finding for finding in row["findings"] if finding["code"].startswith("pipeline.")]
