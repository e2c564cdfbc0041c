"""A closed study as a file: codes and numbers, the same bytes every time, and nobody's name."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assistant.models import AuditEvent
from webapp.accounts.models import User
from webapp.studies import exports, opening
from webapp.studies.models import Assignment, Comment, Output, Rater, Rating, Study
from webapp.studies.tests import research

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture
def study(alder: User) -> Study:
    return research.closed(alder)


def file_of(study: Study, alder: User, what: str = "study") -> dict[str, Any]:
    answer = research.client_of(alder).get(f"/studies/research/{study.id}/{what}.json")
    assert answer.status_code == 200
    assert f'filename="kinder-words-{what}.json"' in answer.headers["Content-Disposition"]
    found: dict[str, Any] = json.loads(answer.content)
    return found


def remark(study: Study, text: str) -> Comment:
    row = Assignment.objects.filter(rater__study=study, rating__isnull=False).select_related("output").first()
    assert row is not None
    said = Comment(case=study.case, assignment=row, output=row.output, start=0, end=4, text=text, dimension="empathy")
    said.save(force_insert=True)
    return said


def test_it_holds_what_was_planned_and_what_was_rated_by_codes(study: Study, alder: User) -> None:
    found = file_of(study, alder)
    assert (found["format"], found["form"], found["plan_sha256"]) == (1, "scales", study.plan_sha256)
    assert found["opened"] < found["closed"]
    assert found["planned"] == {"candidate": "", "reference": "", "dimension": "", "margin": None}
    assert (found["scale"], found["dimensions"][-1]) == ([1, 5], "escalation")
    assert [arm["key"] for arm in found["arms"]] == ["alone", "improved"]
    items = {item["id"]: item for item in found["items"]}
    assert sorted(item["role"] for item in items.values()) == ["attention", "rated", "rated", "rated", "training"]
    codes = {rater["code"] for rater in found["raters"]}
    assert codes == set(study.raters.values_list("code", flat=True))
    given = Assignment.objects.filter(rater__study=study).count()
    assert len(found["ratings"]) + len(found["skips"]) == given == sum(rater["given"] for rater in found["raters"])
    assert len(found["skips"]) == 3 == sum(rater["skipped"] for rater in found["raters"])
    first = found["ratings"][0]
    assert (first["rater"] in codes, first["item"] in items, first["arm"] in ("alone", "improved")) == (
        True,
        True,
        True,
    )
    assert set(first["values"]) == {"readability", "empathy", "connection", "actionability", "safety"}
    assert all((one["passed"] is None) == (items[one["item"]]["role"] == "rated") for one in found["ratings"])
    assert found["choices"] == []
    assert {output["words"] for output in found["outputs"]} >= {len(research.ALONE.split())}
    assert AuditEvent.objects.filter(action="study.exported", actor=str(alder.pk)).count() == 1


def test_pairs_are_choices_between_two_arms(alder: User) -> None:
    study = research.closed(alder, form="pairs")
    found = file_of(study, alder)
    assert found["ratings"] == []
    assert len(found["choices"]) == Rating.objects.count() > 0
    for choice in found["choices"]:
        assert {choice["first"], choice["second"]} == {"alone", "improved"}
        assert choice["preferred"] == choice["second"]


def test_neither_file_holds_a_name_an_address_or_an_account_of_anybody(study: Study, alder: User) -> None:
    rater = study.raters.select_related("user").first()
    assert rater is not None
    Rater.objects.filter(id=rater.id).update(credentials=f"nurse, {rater.user.email}")
    remark(study, f"Ask me at {rater.user.email}.")
    files = exports.export_study(study, by=alder) + exports.export_texts(study, by=alder)
    for person in User.objects.all():
        for known in (str(person.pk), person.pk.hex, person.username, person.email):
            assert known.encode() not in files, known
    assert research.ALONE.encode() not in exports.export_study(study, by=alder)


def test_the_same_study_gives_the_same_bytes(study: Study) -> None:
    remark(study, "Warm.")
    assert exports.export_study(study, by=None) == exports.export_study(study, by=None)
    assert exports.export_texts(study, by=None) == exports.export_texts(study, by=None)


def test_who_withdrew_leaves_a_code_and_nothing_that_they_said(study: Study, alder: User) -> None:
    said = remark(study, "Warm.")
    rater = said.assignment.rater
    Rater.objects.filter(id=rater.id).update(withdrew_at=timezone.now())
    found = file_of(study, alder)
    [row] = [one for one in found["raters"] if one["code"] == rater.code]
    assert (row["withdrew"], row["may_train"], row["done"]) == (True, False, 0)
    for rows in ("ratings", "skips", "comments"):
        assert rater.code not in {one["rater"] for one in found[rows]}
    assert file_of(study, alder, "texts")["comments"] == []


def test_no_model_learns_from_who_did_not_agree_or_has_left(alder: User) -> None:
    study = research.opened(alder)
    Study.objects.filter(id=study.id).update(pairs_for_training=True)
    research.answer_all(study)
    agreed, left, _no = study.raters.select_related("user").order_by("id")
    Rater.objects.filter(id__in=[agreed.id, left.id]).update(may_train=True)
    User.objects.filter(pk=left.user_id).update(is_active=False)
    opening.close_study(study, by=alder)
    found = file_of(study, alder)
    assert [one["code"] for one in found["raters"] if one["may_train"]] == [agreed.code]
    Study.objects.filter(id=study.id).update(pairs_for_training=False)
    assert not any(one["may_train"] for one in file_of(study, alder)["raters"])


def test_texts_are_a_file_of_their_own_with_what_was_said_of_them(study: Study, alder: User) -> None:
    said = remark(study, "Warm, says 020 7946 0123.")
    found = file_of(study, alder, "texts")
    assert found["study"] == study.plan_sha256
    by_id = {item["id"]: item for item in found["items"]}
    output = Output.objects.select_related("case", "arm").get(id=said.output_id)
    assert by_id[str(output.item_id)]["outputs"][output.arm.key] == output.text
    [comment] = found["comments"]
    assert (comment["start"], comment["end"], "7946" in comment["text"]) == (0, 4, False)
    assert AuditEvent.objects.filter(action="study.texts_exported").exists()


def test_a_study_that_is_not_closed_is_exported_by_nobody(alder: User, tmp_path: Path) -> None:
    study = research.opened(alder)
    desk = research.client_of(alder)
    for what in ("study", "texts"):
        answer = desk.get(f"/studies/research/{study.id}/{what}.json")
        assert answer.status_code == 302
    with pytest.raises(CommandError, match="once it is closed"):
        call_command("studies", "export", study.name, "--out", str(tmp_path / "study.json"))
    assert list(tmp_path.iterdir()) == []


# At the terminal


def test_the_command_writes_the_same_file_for_its_owner_only(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, texts = tmp_path / "study.json", tmp_path / "texts.json"
    call_command("studies", "export", study.name, "--out", str(out), "--texts", str(texts))
    assert out.read_bytes() == exports.export_study(study, by=None)
    assert texts.read_bytes() == exports.export_texts(study, by=None)
    assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(texts.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert hashlib.sha256(out.read_bytes()).hexdigest() in said
    assert "not anonymous" in said
    with pytest.raises(CommandError, match="there is a file already"):
        call_command("studies", "export", study.name, "--out", str(out))


def test_the_command_lists_opens_closes_and_erases_and_says_first_what_it_would_do(
    alder: User, capsys: pytest.CaptureFixture[str]
) -> None:
    study = research.planned(alder)

    def run(*words: str) -> str:
        call_command("studies", *words)
        return capsys.readouterr().out

    assert "planned  Kinder words: 5 item(s), 3 rater(s)" in run("list")
    assert "doubtful" in run("check", study.name)
    for verb, status in (("open", "open"), ("close", "closed")):
        assert "Would" in run(verb, study.name)
        assert Study.objects.get().status != status
        run(verb, study.name, "--yes", "--by", "alder")
        assert Study.objects.get().status == status
    assert AuditEvent.objects.get(action="study.opened").actor == str(alder.pk)
    assert "Would destroy the key of 5 item(s)" in run("erase", study.name)
    run("erase", study.name, "--yes")
    assert "erased   Kinder words" in run("list")
    with pytest.raises(CommandError, match="no such study, or it was erased"):
        run("close", study.name, "--yes")
    with pytest.raises(CommandError, match="no name: no such study"):
        run("close")
    with pytest.raises(CommandError, match="nobody has this name"):
        run("close", study.name, "--by", "nobody")


def test_the_command_does_not_open_what_lacks_something(alder: User) -> None:
    study = research.planned(alder, raters=0)
    with pytest.raises(CommandError, match="Not opened"):
        call_command("studies", "open", study.name, "--yes")
    assert Study.objects.get().status == Study.Status.PLANNED


def test_where_one_of_two_files_is_there_already_neither_is_written(study: Study, tmp_path: Path) -> None:
    out, texts = tmp_path / "study.json", tmp_path / "texts.json"
    texts.write_text("Something else.", encoding="utf-8")
    with pytest.raises(CommandError, match="there is a file already"):
        call_command("studies", "export", study.name, "--out", str(out), "--texts", str(texts))
    assert not out.exists()
    assert texts.read_text(encoding="utf-8") == "Something else."
    assert not AuditEvent.objects.filter(action="study.exported").exists()
