"""Decisions for the checks' regression sets: codes of all, words only of who agreed."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from assistant import actions as assistant_actions
from assistant.actions.consents import answer_about_learning
from assistant.exports import exports_with
from assistant.models import AuditEvent, Post, PreferenceExport
from assistant.safety.records import parse_row, screen_row
from assistant.safety.types import Kind
from moderation import actions
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db

REASON = "It blames her, and she cannot answer that."


def agree(*people: Any) -> None:
    for one in people:
        answer_about_learning(one, given=True)


def decided_reply(cast: Cast, *, may: bool) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    Post.objects.filter(id=draft.post_id).update(may_be_learned_from=may)
    reply = assistant_actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    flag = Flag.objects.get(reply=reply)
    actions.decide(flag, outcome="return", policy="dismissal", by=cast.ash, reason=REASON, seen=1)
    return flag


def export(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    out = folder / f"decisions-{len(list(folder.iterdir()))}.jsonl"
    call_command("export_decisions", "--out", str(out), "--yes", *arguments, stdout=StringIO())
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_without_agreement_codes_alone_leave(cast: Cast, tmp_path: Path) -> None:
    decided_reply(cast, may=False)
    (line,) = export(tmp_path)
    assert line["codes"] == ["dismissal.blame", "dismissal.minimising"]
    assert (line["kind"], line["outcome"], line["policy"], line["upheld"]) == ("reply", "return", "dismissal", True)
    assert not {"text", "post", "draft", "reason", "consent"} & line.keys()
    assert "whine" not in json.dumps(line)


def test_with_agreement_of_all_the_scrubbed_words_leave(cast: Cast, tmp_path: Path) -> None:
    agree(cast.wren, cast.ash)  # what a moderator agrees to is not about their reasons
    flag = decided_reply(cast, may=True)
    (line,) = export(tmp_path, "--by", "birch")
    assert line["text"] == build.HURTFUL_REPLY
    assert line["post"] == build.CALM_POST
    assert "It blames her" not in json.dumps(line)
    assert len(exports_with("person", cast.wren.pk)) == len(exports_with("case", flag.case_id)) == 1
    assert exports_with("person", cast.ash.pk) == exports_with("person", cast.robin.pk) == []
    assert AuditEvent.objects.filter(action="decisions.exported", actor=str(cast.birch.pk)).count() == 1


def test_a_file_of_one_kind_holds_texts_only_and_screens_as_it_did(cast: Cast, tmp_path: Path) -> None:
    agree(cast.wren)
    decided_reply(cast, may=True)
    decided_reply(cast, may=False)
    build.post(build.WORRYING_POST, may_be_learned_from=True)
    flag = Flag.objects.get(post__isnull=False)
    actions.decide(flag, outcome="close", closed_as="fine", policy="crisis", by=cast.ash, reason="Seen.", seen=1)
    assert len(export(tmp_path)) == 3
    lines = export(tmp_path, "--kind", "reply")
    assert [line["kind"] for line in lines] == ["reply"]
    screening = screen_row(parse_row(json.dumps(lines[0]).encode()), Kind.REPLY)
    assert {one.code for one in screening.findings if one.severity >= 2} == set(lines[0]["codes"])


def test_two_files_share_no_code(cast: Cast, tmp_path: Path) -> None:
    decided_reply(cast, may=False)
    first, second = export(tmp_path), export(tmp_path)
    assert {first[0]["id"], first[0]["case"]}.isdisjoint({second[0]["id"], second[0]["case"]})


def test_it_says_first_and_writes_nothing_twice(cast: Cast, tmp_path: Path, client: Client) -> None:
    decided_reply(cast, may=False)
    out, said = tmp_path / "d.jsonl", StringIO()
    call_command("export_decisions", "--out", str(out), stdout=said)
    assert "1 decision(s), 0 of them with their text" in said.getvalue()
    assert not out.exists()
    call_command("export_decisions", "--out", str(out), "--yes", stdout=said)
    assert oct(out.stat().st_mode)[-3:] == "600"
    with pytest.raises(CommandError, match="there is a file already"):
        call_command("export_decisions", "--out", str(out), "--yes", stdout=said)
    with pytest.raises(CommandError, match="nothing to export"):
        call_command("export_decisions", "--out", str(tmp_path / "e.jsonl"), "--kind", "reply", "--yes", stdout=said)
    assert PreferenceExport.objects.count() == 1
    assert Decision.objects.count() == 1
