"""Ratings leave for training only of a closed study, of raters who agreed, scrubbed as they came in, and remembered by hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assistant import actions
from assistant.exports import exports_with
from assistant.models import AuditEvent, CaseKey, Draft, Post, PreferenceExport
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import picking
from webapp.studies.marks import mark_of
from webapp.studies.models import Arm, Assignment, Item, Output, Rater, Rating, Study
from webapp.studies.tests import research
from webapp.studies.tests.research import sent_reply

pytestmark = pytest.mark.django_db

POST = "My sister moved out and the flat is quiet."
TEXTS = {
    "alone": "You will get used to it.",
    "improved": "A quiet flat after years with her is a lot. What do you miss most?",
}


@pytest.fixture
def study() -> Study:
    return made_study(Study.Form.SCALES)


def made_study(form: str) -> Study:
    made = Study.objects.create(
        case=CaseKey.open_case(),
        name="Autumn",
        question="Which reply is kinder?",
        form=form,
        status=Study.Status.CLOSED,
        seed=1,
        consent="You may stop at any time.",
        pairs_for_training=True,
        plan_sha256="ab" * 32,
        by=build.person("alder", Role.RESEARCHER),
    )
    for key in TEXTS:
        Arm.objects.create(study=made, key=key, kind=key)
    add_item(made, "i1", Item.Role.RATED)
    return made


def add_item(study: Study, source: str, role: str) -> list[Output]:
    item = Item.objects.create(study=study, case=study.case, role=role, source=source, post=POST)
    return [
        Output.objects.create(
            case=study.case, item=item, arm=arm, text=TEXTS[arm.key], sha256=hashlib.sha256(b"x").hexdigest()
        )
        for arm in study.arms.all()
    ]


def add_rater(study: Study, name: str, *, may_train: bool = True) -> Rater:
    return Rater.objects.create(
        study=study,
        user=build.person(name, Role.RATER),
        panel="lay",
        code=name,
        consented_at=timezone.now(),
        may_train=may_train,
    )


def rate(rater: Rater, output: Output, *, position: int, passed: bool | None = None, **values: int) -> None:
    row = Assignment.objects.create(
        rater=rater, position=position, output=output, done_at=timezone.now(), seconds=20.0, passed=passed
    )
    Rating.objects.create(assignment=row, **values)


def outputs_of(study: Study, role: str = Item.Role.RATED) -> list[Output]:
    return list(Output.objects.filter(item__study=study, item__role=role).order_by("arm_id"))


def exported(study: Study, path: Path) -> list[dict[str, Any]]:
    call_command("export_ratings", study.name, out=path, yes=True, by="alder")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_text_leaves_with_the_ratings_of_those_who_agreed(study: Study, tmp_path: Path) -> None:
    alone, improved = outputs_of(study)
    ash, fern, rue = add_rater(study, "ash"), add_rater(study, "fern"), add_rater(study, "rue", may_train=False)
    for rater, low in ((ash, 2), (fern, 3), (rue, 1)):
        rate(rater, alone, position=1, empathy=low, safety=5, escalation=1)
        rate(rater, improved, position=2, empathy=5, safety=5)
    lines = exported(study, tmp_path / "ratings.jsonl")
    assert [one["text"] for one in lines] == [TEXTS["alone"], TEXTS["improved"]]
    assert [one["values"] for one in lines[0]["ratings"]] == [{"empathy": 2, "safety": 5}, {"empathy": 3, "safety": 5}]
    assert lines[0]["item"] == lines[1]["item"]
    assert {one["consent"]["raters"] for one in lines} == {True}


def test_nothing_in_the_file_tells_who_rated_or_which_arm_it_was(study: Study, tmp_path: Path) -> None:
    rater = add_rater(study, "ash")
    rate(rater, outputs_of(study)[0], position=1, empathy=2)
    exported(study, tmp_path / "ratings.jsonl")
    said = (tmp_path / "ratings.jsonl").read_text(encoding="utf-8")
    for secret in ("ash", "alone", "alder", str(rater.user_id), str(study.id)):
        assert secret not in said.replace(TEXTS["alone"], "")


def test_the_file_is_remembered_with_whose_words_and_ratings_are_in_it(study: Study, tmp_path: Path) -> None:
    rate(add_rater(study, "ash"), outputs_of(study)[0], position=1, empathy=2)
    path = tmp_path / "ratings.jsonl"
    exported(study, path)
    row = PreferenceExport.objects.get()
    assert row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row.lines, len(row.marks)) == (1, 2)
    assert AuditEvent.objects.filter(action="ratings.exported", code=row.sha256).count() == 1
    assert path.stat().st_mode & 0o077 == 0


def test_who_overlooked_the_attention_items_is_left_out(study: Study, tmp_path: Path) -> None:
    checks = add_item(study, "check", Item.Role.ATTENTION)
    for name, passed in (("ash", True), ("fern", False)):
        rater = add_rater(study, name)
        rate(rater, checks[0], position=1, passed=passed, empathy=1)
        rate(rater, outputs_of(study)[0], position=2, empathy=4 if passed else 1)
    (line,) = exported(study, tmp_path / "ratings.jsonl")
    assert [one["values"] for one in line["ratings"]] == [{"empathy": 4}]


def test_no_model_learns_from_who_closed_their_account(study: Study, tmp_path: Path) -> None:
    for position, name in enumerate(("ash", "fern"), start=1):
        rate(add_rater(study, name), outputs_of(study)[0], position=position, empathy=3 + position)
    User.objects.filter(username="fern").update(is_active=False)
    (line,) = exported(study, tmp_path / "ratings.jsonl")
    assert [one["values"] for one in line["ratings"]] == [{"empathy": 4}]


def test_of_two_side_by_side_the_share_of_wins_leaves(tmp_path: Path) -> None:
    study = made_study(Study.Form.PAIRS)
    alone, improved = outputs_of(study)
    for name, preferred in (("ash", improved), ("fern", None)):
        row = Assignment.objects.create(
            rater=add_rater(study, name), position=1, output=alone, other=improved, done_at=timezone.now()
        )
        Rating.objects.create(assignment=row, preferred=preferred)
    lines = exported(study, tmp_path / "ratings.jsonl")
    values = {one["text"]: [rating["values"]["preferred"] for rating in one["ratings"]] for one in lines}
    assert values == {TEXTS["alone"]: [1.0, 3.0], TEXTS["improved"]: [5.0, 3.0]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": Study.Status.OPEN}, "may change until it is closed"),
        ({"pairs_for_training": False}, "were not asked"),
    ],
)
def test_a_study_that_is_open_or_did_not_ask_gives_nothing(
    study: Study, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    rate(add_rater(study, "ash"), outputs_of(study)[0], position=1, empathy=2)
    Study.objects.filter(pk=study.pk).update(**change)
    path = tmp_path / "ratings.jsonl"
    with pytest.raises(CommandError, match=said):
        call_command("export_ratings", study.name, out=path, yes=True)
    assert not path.exists()
    assert not PreferenceExport.objects.exists()


def test_nothing_is_written_without_yes_nor_over_a_file(study: Study, tmp_path: Path) -> None:
    rate(add_rater(study, "ash"), outputs_of(study)[0], position=1, empathy=2)
    path = tmp_path / "ratings.jsonl"
    call_command("export_ratings", study.name, out=path)
    assert not path.exists()
    Study.objects.filter(pk=study.pk).update(status=Study.Status.PAUSED)
    with pytest.raises(CommandError, match="Close it first"):  # what --yes would say
        call_command("export_ratings", study.name, out=path)
    Study.objects.filter(pk=study.pk).update(status=Study.Status.CLOSED)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match="there is a file already"):
        call_command("export_ratings", study.name, out=path, yes=True)
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("who", ["nobody", "supporter", "seeker", "another_of_the_case"])
def test_a_picked_reply_leaves_only_while_those_who_wrote_it_agree(tmp_path: Path, who: str) -> None:
    study = research.planned(research.person_of_research(), items=1, raters=0)
    draft = sent_reply("wren")
    assert picking.pick_items(study, count=5, seed=1, by=study.by) == 1
    Study.objects.filter(pk=study.pk).update(status="closed", pairs_for_training=True, plan_sha256="ab" * 32)
    study.refresh_from_db()
    item = study.items.get(source=mark_of(study, draft.case_id))
    rater = add_rater(study, "ash")
    for position, output in enumerate(Output.objects.filter(item__study=study, item__role="rated"), start=1):
        rate(rater, output, position=position, empathy=3)
    if who == "supporter":
        actions.answer_about_learning(draft.author, given=False)
    elif who == "seeker":
        Post.objects.filter(id=draft.post_id).update(may_be_learned_from=False)
    elif who == "another_of_the_case":  # whose words are not these
        actions.answer_about_learning(draft.author, given=False)
        other = sent_reply("fern", number=2, helped=False)
        Draft.objects.filter(id=other.id).update(post=draft.post_id, case=draft.case_id)
    lines = exported(study, tmp_path / "ratings.jsonl")
    posts = {one["post"] for one in lines}
    assert (item.post in posts) is (who == "nobody")
    assert len(posts) == (2 if who == "nobody" else 1)  # what came with a file stays
    row = PreferenceExport.objects.get()
    assert exports_with("case", draft.case_id) == exports_with("person", draft.author_id)
    assert exports_with("case", draft.case_id) == ([row] if who == "nobody" else [])


def test_an_unknown_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Winter: no study has this name"):
        call_command("export_ratings", "Winter", out=tmp_path / "x.jsonl")
