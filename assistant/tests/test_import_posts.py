"""Posts from a file: twice is once, and a bad line does not stop the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assistant.models import AuditEvent, Post
from moderation.models import Flag
from webapp import test as build

pytestmark = pytest.mark.django_db


def write(path: Path, *rows: Any) -> str:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def test_every_field_arrives(tmp_path: Path) -> None:
    row = {
        "id": "forum-7",
        "text": build.CALM_POST,
        "language": "en-IE",
        "country": "ie",
        "received_at": "2026-11-01T10:00:00Z",
        "human_only": True,
        "may_be_learned_from": False,
        "votes": 3,
    }
    call_command("import_posts", write(tmp_path / "posts", row))
    post = Post.objects.get()
    assert (post.external_id, post.text, post.language, post.country, post.human_only) == (
        "forum-7",
        build.CALM_POST,
        "en-IE",
        "IE",
        True,
    )
    assert post.received_at.isoformat() == "2026-11-01T10:00:00+00:00"


def test_importing_twice_is_importing_once(tmp_path: Path) -> None:
    path = write(tmp_path / "posts", {"id": "a", "text": "One."}, {"id": "b", "text": "Two."})
    call_command("import_posts", path)
    call_command("import_posts", path)
    assert Post.objects.count() == 2


def test_a_post_may_be_learned_from_only_where_the_line_says_so(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "One."}, {"id": "b", "text": "Two.", "may_be_learned_from": True}]
    call_command("import_posts", write(tmp_path / "posts", *rows))
    assert [post.may_be_learned_from for post in Post.objects.order_by("external_id")] == [False, True]


def test_a_later_line_takes_back_what_the_writer_agreed_to_and_gives_nothing(tmp_path: Path) -> None:
    def send(agreed: bool | None) -> bool:
        row = {"id": "a", "text": "One."} | ({} if agreed is None else {"may_be_learned_from": agreed})
        call_command("import_posts", write(tmp_path / "posts", row))
        return Post.objects.get().may_be_learned_from

    assert [send(True), send(None), send(False), send(True)] == [True, True, False, False]
    assert AuditEvent.objects.filter(action="learning.withdrawn", object_type="post").count() == 1


def test_an_imported_post_is_screened_like_any_other(tmp_path: Path) -> None:
    call_command("import_posts", write(tmp_path / "posts", {"id": "a", "text": build.URGENT_POST}))
    assert Post.objects.get().status == "held"
    assert Flag.objects.count() == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "not a JSON object"),
        (b"[1, 2]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        ({"text": "no id"}, "id"),
        ({"id": "x"}, "text"),
        ({"id": "x", "text": ""}, "text"),
        ({"id": "x", "text": 7}, "text"),
        ({"id": "x", "text": "a\x00b"}, "U+0000"),
        (b'{"id": "x", "text": "\\ud800"}', "U+D800"),
        ({"id": "x", "text": "a" * 40_001}, "40,000"),
        ({"id": "x", "text": "fine", "country": "Ireland"}, "country"),
        ({"id": "x", "text": "fine", "language": "not a language"}, "language"),
        ({"id": "x", "text": "fine", "may_be_learned_from": "yes"}, "may_be_learned_from"),
        ({"id": "x", "text": "fine", "may_be_learned_from": True, "human_only": True}, "may_be_learned_from"),
        ({"id": "x", "text": "fine", "received_at": "yesterday"}, "received_at"),
        (b"[" * 100_000, "not a JSON object"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_arrives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: Any, reason: str
) -> None:
    path = write(tmp_path / "posts", {"id": "a", "text": "One."}, line, {"id": "b", "text": "Two."})
    with pytest.raises(CommandError):
        call_command("import_posts", path)
    complaint = capsys.readouterr().err
    assert complaint.startswith("line 2: ")
    assert reason in complaint
    assert Post.objects.count() == 2


def test_a_complaint_quotes_nothing_of_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "posts", {"id": "x", "text": "starling murmuration", "country": "starling land"})
    with pytest.raises(CommandError):
        call_command("import_posts", path)
    assert "starling" not in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file"):
        call_command("import_posts", str(tmp_path / "nothing.jsonl"))
