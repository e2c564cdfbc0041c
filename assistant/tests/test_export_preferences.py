"""What a model may learn from: of people who agreed, scrubbed, without ids; what was withheld only as what not to write."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assistant import actions, exports
from assistant.actions import answer_about_learning, withdraw_post_from_learning
from assistant.models import (
    AuditEvent,
    Draft,
    LearningConsent,
    ModelVersion,
    Post,
    PreferenceExport,
    Reply,
    Suggestion,
)
from moderation.actions import decide
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.privacy import erase_post
from webapp.test import Cast

pytestmark = pytest.mark.django_db

BEFORE, AFTER = "What do you like to cook?", "What would you cook for a friend?"


@pytest.fixture
def agreed(cast: Cast) -> Cast:
    """Wren agreed yesterday."""
    answer_about_learning(cast.wren, given=True)
    LearningConsent.objects.update(at=timezone.now() - timedelta(days=1))
    return cast


def begun(author: User, text: str = build.KIND_DRAFT, post_text: str = build.CALM_POST) -> Draft:
    """On a post whose writer agreed."""
    draft = build.draft(author, text, post_text=post_text)
    Post.objects.filter(id=draft.post_id).update(may_be_learned_from=True)
    return draft


def sent(draft: Draft) -> Reply:
    draft.refresh_from_db()
    return actions.send_reply(draft, by=draft.author, revision=build.head_of(draft))


def decided(author: User, verdict: str = "accepted") -> Draft:
    """Asked, decided about the one change, and sent."""
    draft = begun(author)
    suggestion = build.suggestion(draft)
    [index] = [change.index for change in actions.changes_of(suggestion) if change.kind != "keep"]
    decide_on(draft, suggestion, index, verdict)
    sent(draft)
    return draft


def decide_on(draft: Draft, suggestion: Suggestion, index: int, verdict: str) -> None:
    head = build.head_of(Draft.objects.get(id=draft.id))
    actions.decide_change(
        suggestion,
        draft=draft,
        index=index,
        verdict=verdict,
        text=head.text,
        base=head.number,
        applied=False,
        by=draft.author,
    )


def exported(tmp_path: Path, *more: str) -> list[dict[str, Any]]:
    path = tmp_path / f"out-{PreferenceExport.objects.count()}.jsonl"
    call_command("export_preferences", "--out", str(path), "--yes", *more)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def moderated(outcome: str, **fields: Any) -> None:
    flag = Flag.objects.get(status="open")
    ash = User.objects.get(username="ash")
    decide(flag, outcome=outcome, policy="dismissal", by=ash, reason="To be kinder.", seen=flag.version, **fields)


# One line


def test_a_line_tells_draft_suggestion_decision_and_reply(agreed: Cast, tmp_path: Path) -> None:
    decided(agreed.wren)
    [line] = exported(tmp_path)
    assert (line["post"], line["draft"], line["suggestion"], line["sent"]) == (
        build.CALM_POST,
        build.KIND_DRAFT,
        build.KIND_REVISION,
        build.KIND_REVISION,
    )
    assert line["changes"] == [
        {"kind": "replace", "before": BEFORE, "after": AFTER, "verdict": "accepted", "reason": ""}
    ]
    assert (line["version"], line["mode"], line["prompt_version"], line["moderator"]) == (1, "improve", "test-1", None)
    assert line["consent"] == {"supporter": True, "seeker": True, "wording": 1}


@pytest.mark.parametrize(("verdicts", "told"), [(["kept"], "rejected"), (["accepted", "undone"], "undone")])
def test_what_was_not_taken_is_told_apart(agreed: Cast, tmp_path: Path, verdicts: list[str], told: str) -> None:
    draft = begun(agreed.wren)
    suggestion = build.suggestion(draft)
    [index] = [change.index for change in actions.changes_of(suggestion) if change.kind != "keep"]
    for verdict in verdicts:
        decide_on(draft, suggestion, index, verdict)
    sent(draft)
    [line] = exported(tmp_path)
    assert [change["verdict"] for change in line["changes"]] == [told]
    assert line["sent"] == build.KIND_DRAFT


def test_a_change_that_was_taken_and_then_written_over_is_edited(agreed: Cast, tmp_path: Path) -> None:
    draft = begun(agreed.wren)
    suggestion = build.suggestion(draft)
    [index] = [change.index for change in actions.changes_of(suggestion) if change.kind != "keep"]
    decide_on(draft, suggestion, index, "accepted")
    head = build.head_of(Draft.objects.get(id=draft.id))
    text = head.text.replace(AFTER, "What would you cook first?")
    actions.save_revision(Draft.objects.get(id=draft.id), text=text, base=head.number)
    sent(draft)
    [line] = exported(tmp_path)
    assert [change["verdict"] for change in line["changes"]] == ["edited"]


def test_a_change_that_nobody_decided_about_says_nothing(agreed: Cast, tmp_path: Path) -> None:
    draft = begun(agreed.wren)
    build.suggestion(draft)
    sent(draft)
    assert [line["changes"] for line in exported(tmp_path)] == [[]]


def test_a_reply_without_help_is_there_and_one_that_is_still_written_is_not(agreed: Cast, tmp_path: Path) -> None:
    sent(begun(agreed.wren))
    begun(agreed.wren)
    [line] = exported(tmp_path)
    assert (line["draft"], line["suggestion"], line["sent"]) == ("", "", build.KIND_DRAFT)


def test_names_and_numbers_are_taken_out_everywhere(agreed: Cast, tmp_path: Path) -> None:
    draft = begun(
        agreed.wren,
        "Thank you, Margaret. My sister Rosalind went through it too. What do you like to cook?",
        post_text="I am Margaret Whitfield, write to me at margaret@example.org. The evenings are long.",
    )
    suggestion = build.suggestion(
        draft, "Thank you, Margaret. My sister Rosalind went through it too. What would you cook for a friend?"
    )
    [index] = [change.index for change in actions.changes_of(suggestion) if change.kind != "keep"]
    decide_on(draft, suggestion, index, "accepted")
    sent(draft)
    lines = exported(tmp_path)
    said = json.dumps(lines)
    for word in ("Margaret", "Whitfield", "margaret@", "Rosalind"):
        assert word not in said
    [change] = lines[0]["changes"]
    assert lines[0]["draft"].replace(change["before"], change["after"]) == lines[0]["suggestion"]


def test_codes_are_the_same_within_a_file_and_others_in_the_next(agreed: Cast, tmp_path: Path) -> None:
    drafts = [decided(agreed.wren), decided(agreed.wren)]
    first, second = exported(tmp_path), exported(tmp_path)
    assert first[0]["author"] == first[1]["author"] != second[0]["author"]
    assert first[0]["case"] != first[1]["case"]
    said = json.dumps([first, second])
    for draft in drafts:
        for identity in (draft.id, draft.case_id, draft.post_id, draft.author_id):
            assert str(identity) not in said
            assert identity.hex not in said
    assert "wren" not in said


def test_the_order_is_that_in_which_they_were_begun(agreed: Cast, tmp_path: Path) -> None:
    for number in range(4):
        sent(begun(agreed.wren, post_text=f"Evening number {number} was long."))
    for _again in range(2):
        assert [line["post"].split()[2] for line in exported(tmp_path)] == ["0", "1", "2", "3"]


# Moderators


def test_an_edited_reply_shows_both_versions(agreed: Cast, tmp_path: Path) -> None:
    sent(begun(agreed.wren, build.HURTFUL_REPLY))
    moderated("edit", edited_text=build.KIND_DRAFT)
    [line] = exported(tmp_path)
    assert line["sent"] == build.HURTFUL_REPLY
    assert line["moderator"] == {"outcome": "edited", "edited_text": build.KIND_DRAFT, "of": "reply"}


def test_an_approved_reply_says_so(agreed: Cast, tmp_path: Path) -> None:
    sent(begun(agreed.wren, build.HURTFUL_REPLY))
    moderated("approve")
    [line] = exported(tmp_path)
    assert line["moderator"] == {"outcome": "approved", "edited_text": "", "of": "reply"}


def test_a_withheld_reply_stands_alone_in_its_line(agreed: Cast, tmp_path: Path) -> None:
    draft = begun(agreed.wren, build.HURTFUL_REPLY)
    build.suggestion(draft)
    sent(draft)
    with pytest.raises(CommandError, match="nothing to export"):  # held: nobody has decided
        exported(tmp_path)
    moderated("reject")
    [line] = exported(tmp_path)
    assert line["moderator"] == {"outcome": "withheld", "edited_text": "", "of": "reply"}
    assert (line["sent"], line["draft"], line["suggestion"], line["changes"]) == (build.HURTFUL_REPLY, "", "", [])


@pytest.mark.parametrize("status", ["withheld", "held", "released"])
def test_a_suggestion_that_was_kept_back_is_never_told_as_what_the_model_offered(
    agreed: Cast, tmp_path: Path, status: str
) -> None:
    draft = begun(agreed.wren)
    suggestion = build.suggestion(draft)
    approval = suggestion.id if status == "released" else None
    Suggestion.objects.filter(id=suggestion.id).update(status=status, approval=approval)
    sent(draft)
    first, *more = exported(tmp_path)
    assert (first["suggestion"], first["sent"]) == ("", build.KIND_DRAFT)
    if status != "withheld":
        assert more == []
        return
    [line] = more
    assert (line["author"], line["draft"], line["sent"]) == ("", build.KIND_DRAFT, build.KIND_REVISION)
    assert line["moderator"] == {"outcome": "withheld", "edited_text": "", "of": "suggestion"}


# Who agreed


def test_a_supporter_who_did_not_agree_is_not_in_it(agreed: Cast, tmp_path: Path) -> None:
    decided(agreed.wren)
    decided(agreed.robin)
    assert len(exported(tmp_path)) == 1


def test_what_was_written_before_agreeing_is_not_in_it(cast: Cast, tmp_path: Path) -> None:
    decided(cast.wren)
    answer_about_learning(cast.wren, given=True)
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path)


def test_who_takes_it_back_is_in_no_later_export(agreed: Cast, tmp_path: Path) -> None:
    decided(agreed.wren)
    assert len(exported(tmp_path)) == 1
    answer_about_learning(agreed.wren, given=False)
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path)
    answer_about_learning(agreed.wren, given=True)  # from now on
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path)


def test_who_takes_it_back_while_the_file_is_made_is_not_in_it(
    agreed: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(agreed.wren)
    told = exports.lines_of

    def and_then_withdrawn(*given: Any) -> Any:
        yield from told(*given)
        answer_about_learning(agreed.wren, given=False)

    monkeypatch.setattr(exports, "lines_of", and_then_withdrawn)
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path)
    assert list(tmp_path.iterdir()) == []


def human_only(draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(human_only=True)


def not_agreed(draft: Draft) -> None:
    withdraw_post_from_learning(draft.post)


def erased(draft: Draft) -> None:
    erase_post(draft.post)


def closed(draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(status="closed")


def account_closed(draft: Draft) -> None:
    User.objects.filter(pk=draft.author_id).update(is_active=False)


@pytest.mark.parametrize("happens", [human_only, not_agreed, erased, closed, account_closed])
def test_it_is_left_out_and_the_reason_is_counted(
    agreed: Cast, tmp_path: Path, happens: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    happens(decided(agreed.wren))
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path)
    said = capsys.readouterr().out
    assert "1 finished draft(s), 0 of them" in said
    assert "1 left out: " in said
    assert not PreferenceExport.objects.exists()


# The command


def test_it_says_first_what_it_would_write(agreed: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decided(agreed.wren)
    decided(agreed.robin)
    call_command("export_preferences", "--out", str(tmp_path / "out.jsonl"))
    said = capsys.readouterr().out
    assert "2 finished draft(s), 1 of them to be exported" in said
    assert "1 left out: by a supporter who has not agreed" in said
    assert list(tmp_path.iterdir()) == []
    assert not PreferenceExport.objects.exists()


def test_the_file_is_its_owners_alone_and_its_hash_is_kept(agreed: Cast, tmp_path: Path) -> None:
    decided(agreed.wren)
    exported(tmp_path, "--by", "willow", "--since", "2020-01-01")
    path, row = tmp_path / "out-0.jsonl", PreferenceExport.objects.get()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row.lines, row.by, row.filters) == (1, agreed.willow, {"since": "2020-01-01"})
    event = AuditEvent.objects.get(action="preferences.exported")
    assert (event.actor, event.code, event.object_id) == (str(agreed.willow.pk), row.sha256, str(row.id))


def test_a_file_that_is_there_is_not_written_over(agreed: Cast, tmp_path: Path) -> None:
    decided(agreed.wren)
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(CommandError, match="a file already"):
        call_command("export_preferences", "--out", str(tmp_path / "out.jsonl"), "--yes")
    with pytest.raises(CommandError):
        call_command("export_preferences", "--out", str(tmp_path / "nowhere" / "out.jsonl"), "--yes")
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    assert not PreferenceExport.objects.exists()


def test_since_counts_from_when_a_draft_was_begun(agreed: Cast, tmp_path: Path) -> None:
    old, _new = decided(agreed.wren), decided(agreed.wren)
    LearningConsent.objects.update(at=timezone.now() - timedelta(days=90))
    Draft.objects.filter(id=old.id).update(created_at=timezone.now() - timedelta(days=40))
    assert len(exported(tmp_path)) == 2
    day = (timezone.now() - timedelta(days=20)).date().isoformat()
    assert len(exported(tmp_path, "--since", day)) == 1


def test_one_can_ask_whether_a_person_or_a_post_taught_a_model(
    agreed: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = decided(agreed.wren)
    exported(tmp_path)
    row = PreferenceExport.objects.get()
    ModelVersion.objects.create(name="warm", kind="adapter", manifest={"data": {"export": {"sha256": row.sha256}}})
    answer_about_learning(agreed.wren, given=False)
    erase_post(draft.post)
    for asked in (["--person", "wren"], ["--post", str(draft.post_id)], ["--list"]):
        capsys.readouterr()
        call_command("export_preferences", *asked)
        said = capsys.readouterr().out
        assert row.sha256 in said
        assert "taught warm" in said
    call_command("export_preferences", "--person", "robin")
    assert "No export." in capsys.readouterr().out
    stored = json.dumps([row.marks, row.filters])
    assert str(agreed.wren.pk) not in stored
    assert str(draft.case_id) not in stored


@pytest.mark.parametrize(
    "asked", [["--person", "heron"], ["--post", "none"], [], ["--out", "x", "--by", "heron", "--yes"]]
)
def test_it_says_what_it_wants(asked: list[str], db: None) -> None:
    with pytest.raises(CommandError, match=r"nobody has this name|no such post|Name the file"):
        call_command("export_preferences", *asked)
