"""A researcher sets a study up on its pages, opens it, watches it and ends it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent, CaseKey
from assistant.vault.keys import CaseErased
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import opening, planning
from webapp.studies.faults import faults_of
from webapp.studies.models import Arm, Assignment, Item, Output, Rater, Study
from webapp.studies.opening import sha256_of_plan
from webapp.studies.planning import default_consent
from webapp.studies.tests import research

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture
def desk(alder: User) -> Client:
    return research.client_of(alder)


def at(study: Study, step: str = "") -> str:
    return f"/studies/research/{study.id}/{step}"


# The whole way


def test_a_study_is_set_up_step_by_step_and_opened(desk: Client) -> None:
    begun = desk.post("/studies/research/new", {"name": "Kinder words", "question": "Does it help?", "form": "scales"})
    study = Study.objects.get()
    assert begun.url == at(study)  # type: ignore[attr-defined]
    assert "There is no item to rate" in build.read(desk.get(at(study, "check")))
    for key in ("alone", "improved"):
        assert desk.post(at(study, "arms"), {"key": key, "kind": key}).status_code == 302
    assert desk.post(at(study, "items"), {"lines": research.lines(3)}).status_code == 302
    sizes = {"lay_ratings": "2", "clinician_ratings": "0", "most_per_rater": "20", "seed": "5"}
    assert desk.post(at(study, "size"), sizes).status_code == 302
    said = {"candidate": "improved", "reference": "alone", "dimension": "empathy", "margin": "0.3"}
    assert desk.post(at(study, "promise"), said).status_code == 302
    assert desk.post(at(study, "consent"), {"consent": default_consent()}).status_code == 302
    for name in ("sorrel", "thyme"):
        build.person(name, Role.RATER)
        given = {"name": name, "panel": "lay", "credentials": "peer supporter"}
        assert desk.post(at(study, "raters"), given).status_code == 302
    page = build.read(desk.get(at(study, "check")))
    assert "Nothing: it can be opened." in page
    assert "improved is no worse than alone by more than 0.3 in empathy" in page
    assert desk.post(at(study, "open")).status_code == 302
    study.refresh_from_db()
    assert study.status == Study.Status.OPEN
    assert study.plan["planned"]["margin"] == 0.3
    assert study.plan_sha256 == sha256_of_plan(study.plan)
    # 3 items in 2 arms by 2 raters, and for both the training and the attention item.
    assert Assignment.objects.filter(rater__study=study).count() == 3 * 2 * 2 + 2 * 2
    actions = set(AuditEvent.objects.filter(object_id=str(study.id)).values_list("action", flat=True))
    assert {"study.started", "study.arm_added", "study.items_added", "study.rater_added", "study.opened"} <= actions


def test_what_an_open_study_asks_cannot_be_changed_any_more(alder: User, desk: Client) -> None:
    study = research.opened(alder)
    plan = study.plan_sha256
    item = study.items.first()
    assert item is not None
    acts: list[tuple[str, dict[str, Any]]] = [
        ("question", {"name": "Other", "question": "Other?", "form": "pairs"}),
        ("size", {"lay_ratings": "5", "clinician_ratings": "0", "most_per_rater": "20", "seed": "5"}),
        ("promise", {"candidate": "improved", "reference": "alone", "dimension": "empathy", "margin": "0.3"}),
        ("consent", {"consent": "Anything goes."}),
        ("arms", {"key": "third", "kind": "reference"}),
        ("items", {"lines": research.line("later")}),
        ("pick", {"count": "1", "seed": "1"}),
        ("arms/alone/remove", {}),
        (f"items/{item.id}/remove", {}),
        ("write", {}),
        ("open", {}),
    ]
    before = Study.objects.filter(id=study.id).values().get()
    for step, form in acts:
        answer = desk.post(at(study, step), form, follow=True)
        assert "was opened" in build.read(answer), step
    assert Study.objects.filter(id=study.id).values().get() == before
    assert (study.arms.count(), study.items.count()) == (2, 5)
    assert before["plan_sha256"] == plan


def test_a_study_with_something_missing_is_not_opened(alder: User, desk: Client) -> None:
    study = research.planned(alder, raters=1)
    answer = desk.post(at(study, "open"))
    assert answer.status_code == 422
    assert "has 1 of the 2 raters that every text needs" in build.read(answer)
    assert Study.objects.get().status == Study.Status.PLANNED


def test_too_little_room_a_gap_and_no_check_are_said(alder: User, desk: Client) -> None:
    study = research.planned(alder, raters=2, most_per_rater=3)
    assert "can rate 6 texts in all, and the plan needs 12" in build.read(desk.get(at(study, "check")))
    Output.objects.filter(item__source="kitchen-1", arm__key="improved").delete()
    assert "The model of the arm improved has not written everything" in build.read(desk.get(at(study, "check")))
    Item.objects.exclude(role="rated").delete()
    page = build.read(desk.get(at(study, "check")))
    assert "No training item" in page
    assert "No attention item" in page
    assert "No comparison is promised" in page


def test_the_plan_is_kept_as_a_file_and_its_hash_can_be_worked_out_again(alder: User, desk: Client) -> None:
    study = research.opened(alder)
    plan = json.loads(desk.get(at(study, "plan.json")).content)
    assert sha256_of_plan(plan) == study.plan_sha256
    assert research.ALONE not in json.dumps(plan)


# Steps that are filled in wrongly


@pytest.mark.parametrize(
    ("step", "form", "said"),
    [
        ("question", {"name": "", "question": "Why?", "form": "scales"}, "There is nothing here yet"),
        ("question", {"name": "Taken", "question": "Why?", "form": "scales"}, "There is a study of this name already"),
        (
            "size",
            {"lay_ratings": "21", "clinician_ratings": "0", "most_per_rater": "1", "seed": "1"},
            "less than or equal",
        ),
        (
            "promise",
            {"candidate": "alone", "reference": "alone", "dimension": "empathy", "margin": "1"},
            "not compared",
        ),
        (
            "promise",
            {"candidate": "alone", "reference": "improved", "dimension": "empathy", "margin": ""},
            "needs this",
        ),
        (
            "promise",
            {"candidate": "alone", "reference": "improved", "dimension": "empathy", "margin": "9"},
            "less than 4",
        ),
        ("consent", {"consent": " "}, "There is nothing here yet"),
        ("arms", {"key": "Not A Key", "kind": "alone"}, "valid value"),
        ("arms", {"key": "alone", "kind": "alone"}, "an arm with this key already"),
        ("arms", {"key": "third", "kind": "other"}, "Say which other model"),
        ("raters", {"name": "nobody", "panel": "lay", "credentials": ""}, "Nobody of this name"),
        ("raters", {"name": "wren", "panel": "clinician", "credentials": ""}, "Nobody of this name"),
        ("raters", {"name": "wren", "panel": "lay", "credentials": "Wren, a nurse"}, "Leave the name out"),
        ("raters", {"name": "alder", "panel": "lay", "credentials": ""}, "can look at the arms"),
    ],
)
def test_a_step_that_is_filled_in_wrongly_says_why_and_stores_nothing(
    alder: User, desk: Client, step: str, form: dict[str, str], said: str
) -> None:
    build.person("wren", Role.RATER)
    alder.groups.add(*build.person("both", Role.RATER).groups.all())
    research.planned(alder, name="Taken", items=0, raters=0)
    study = research.planned(alder, items=1, raters=0)
    before = Study.objects.filter(id=study.id).values().get()
    answer = desk.post(at(study, step), form)
    assert answer.status_code == 422
    assert said in build.read(answer)
    assert Study.objects.filter(id=study.id).values().get() == before
    assert (study.arms.count(), study.raters.count()) == (2, 0)


def test_a_rater_of_another_site_role_is_answered_like_one_who_does_not_exist(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=0, raters=0)
    build.person("willow", Role.ADMIN)
    away = build.person("fern", Role.RATER)
    User.objects.filter(pk=away.pk).update(is_active=False)
    said = [
        build.read(desk.post(at(study, "raters"), {"name": name, "panel": "lay", "credentials": ""}))
        for name in ("willow", "fern", "nobody-at-all")
    ]
    assert all("Nobody of this name can be asked for this panel" in one for one in said)


def test_a_clinician_may_be_on_the_clinician_panel(alder: User, desk: Client) -> None:
    build.person("linden", Role.CLINICIAN)
    study = research.planned(alder, items=0, raters=0)
    given = {"name": "linden", "panel": "clinician", "credentials": "psychologist, call 020 7946 0123"}
    assert desk.post(at(study, "raters"), given).status_code == 302
    rater = Rater.objects.get()
    assert rater.panel == "clinician"
    assert "7946" not in rater.credentials
    assert "linden" not in rater.code


def test_changing_the_form_takes_a_promise_back_that_was_made_in_another_unit(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=0, raters=0)
    said = {"candidate": "improved", "reference": "alone", "dimension": "empathy", "margin": "0.3"}
    desk.post(at(study, "promise"), said)
    desk.post(at(study, "question"), {"name": study.name, "question": "Which one?", "form": "pairs"})
    study.refresh_from_db()
    assert (study.candidate, study.margin) == ("", None)
    pairs = {"candidate": "improved", "reference": "alone", "margin": "0.05"}
    assert desk.post(at(study, "promise"), pairs).status_code == 302
    study.refresh_from_db()
    assert (study.candidate, study.dimension, study.margin) == ("improved", "", 0.05)


# While it goes on


def test_somebody_who_comes_late_is_given_texts_and_who_has_begun_is_not_removed(alder: User, desk: Client) -> None:
    study = research.opened(alder, most_per_rater=6)
    build.person("late", Role.RATER)
    assert desk.post(at(study, "raters"), {"name": "late", "panel": "lay", "credentials": ""}).status_code == 302
    late = Rater.objects.get(user__username="late")
    assert late.assignments.exists()
    first = study.raters.exclude(id=late.id).order_by("id").first()
    assert first is not None
    research.answer(first.assignments.select_related("output__item").all()[0])
    answer = desk.post(at(study, f"raters/{first.id}/remove"), follow=True)
    assert "They have begun to rate" in build.read(answer)
    assert desk.post(at(study, f"raters/{late.id}/remove")).status_code == 302
    assert not Rater.objects.filter(id=late.id).exists()
    assert desk.post(at(study, f"raters/{late.id}/remove")).status_code == 404


def test_progress_shows_codes_and_counts_and_neither_names_nor_answers(alder: User, desk: Client) -> None:
    study = research.opened(alder)
    research.answer_all(study, but=1)
    page = desk.get(at(study)).content.decode()
    shown = build.read(desk.get(at(study)))
    for rater in study.raters.select_related("user"):
        assert rater.code in shown
        assert rater.user.username not in page
        assert str(rater.user_id) not in page
    assert "rating" in shown
    assert "No answer is shown while it goes on" in shown
    names = desk.get(at(study, "raters")).content.decode()
    for rater in study.raters.select_related("user"):
        assert rater.user.username in names
        assert rater.code not in names


def test_it_is_paused_resumed_and_closed_for_good_and_a_second_click_changes_nothing(alder: User, desk: Client) -> None:
    study = research.opened(alder)
    for step, status in (("pause", "paused"), ("pause", "paused"), ("resume", "open"), ("close", "closed")):
        assert desk.post(at(study, step)).status_code == 302
        assert Study.objects.get().status == status
    closed_at = Study.objects.get().closed_at
    assert desk.post(at(study, "close")).status_code == 302
    assert "not in a state for that" in build.read(desk.post(at(study, "resume"), follow=True))
    assert Study.objects.get().closed_at == closed_at
    assert list(
        AuditEvent.objects.filter(action__in=["study.paused", "study.resumed", "study.closed"]).values_list(
            "action", flat=True
        )
    ) == ["study.paused", "study.resumed", "study.closed"]
    build.person("late", Role.RATER)
    answer = desk.post(at(study, "raters"), {"name": "late", "panel": "lay", "credentials": ""})
    assert "This study is closed" in build.read(answer)


# Its end


def test_erasing_needs_its_name_and_leaves_no_text_and_no_rater(alder: User, desk: Client) -> None:
    study = research.closed(alder)
    assert desk.post(at(study, "erase"), {"name": "Other words"}).status_code == 422
    assert Item.objects.exists()
    assert desk.post(at(study, "erase"), {"name": study.name}).status_code == 302
    for model in (Item, Output, Arm, Rater, Assignment):
        assert not model.objects.exists()
    key = CaseKey.objects.get(id=study.case_id)
    with pytest.raises(CaseErased):
        key.key()
    assert desk.get(at(study)).status_code == 404
    listed = build.read(desk.get("/studies/research/"))
    assert "Kinder words Erased" in listed
    assert AuditEvent.objects.filter(action="study.erased", object_id=str(study.id)).count() == 1


def test_the_stranger_gets_into_none_of_it(alder: User) -> None:
    study = research.planned(alder, raters=1)
    rater = study.raters.select_related("user").get()
    for person in (rater.user, build.person("wren", Role.SUPPORTER), build.person("willow", Role.ADMIN)):
        client = research.client_of(person)
        for step in ("", "items", "raters", "check", "study.json", "report"):
            assert client.get(at(study, step)).status_code == 403
    desk = research.client_of(alder)
    other = research.planned(alder, name="Another", items=1, raters=0)
    item = other.items.first()
    assert item is not None
    assert desk.get(at(study, f"items/{item.id}/")).status_code == 404
    assert desk.post(at(study, f"items/{item.id}/remove")).status_code == 404
    assert other.items.filter(id=item.id).exists()


# Who knows the arms


def test_whoever_may_set_up_studies_is_asked_to_rate_none(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=0, raters=0)
    build.person("birch", Role.RESEARCHER, Role.SUPPORTER)
    answer = desk.post(at(study, "raters"), {"name": "birch", "panel": "lay", "credentials": ""})
    assert answer.status_code == 422
    assert "can look at the arms, and cannot rate" in build.read(answer)
    assert not study.raters.exists()


def test_who_rates_and_becomes_a_researcher_is_kept_from_the_pages_until_it_is_closed(alder: User) -> None:
    study = research.opened(alder)
    rater = study.raters.select_related("user").order_by("id")[0]
    rater.user.groups.add(Group.objects.get(name=Role.RESEARCHER.value))
    desk = research.client_of(rater.user)
    listed = build.read(desk.get("/studies/research/"))
    assert "You rate in it, so that its pages are kept from you until it is closed." in listed
    assert study.question not in listed
    item = study.items.order_by("source")[0]
    for step in ("", "items", "plan.json", "raters", "check", "arms", f"items/{item.id}/", "writing", "report"):
        assert desk.get(at(study, step)).status_code == 404
    assert desk.post(at(study, "close")).status_code == 404
    assert research.client_of(alder).get(at(study, "items")).status_code == 200
    opening.close_study(study, by=alder)
    assert desk.get(at(study, "items")).status_code == 200


def test_a_code_is_shown_once_its_rater_agreed_so_that_adding_somebody_does_not_tell_whose_it_is(
    alder: User, desk: Client
) -> None:
    study = research.opened(alder)
    first, second, _third = study.raters.order_by("id")
    Rater.objects.filter(id=first.id).update(consented_at=timezone.now())
    shown = desk.get(at(study)).content.decode()
    assert first.code in shown
    assert second.code not in shown
    assert "1 of 3 people have begun" in build.read(desk.get(at(study)))
    build.person("late", Role.RATER)
    desk.post(at(study, "raters"), {"name": "late", "panel": "lay", "credentials": ""})
    assert Rater.objects.get(user__username="late").code not in desk.get(at(study)).content.decode()
    assert "one new code alone tells whose it is" in build.read(desk.get(at(study, "raters")))


# Texts that are the same


def test_the_same_text_in_two_arms_or_two_items_is_doubtful(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=0)
    lines = [
        research.line("one", outputs={"alone": "One own reply.", "improved": "One own reply."}),
        research.line("two", outputs={"alone": "Two own replies.", "improved": "A third reply."}),
        research.line("three", outputs={"alone": "Two own replies.", "improved": "A fourth reply."}),
    ]
    desk.post(at(study, "items"), {"lines": "\n".join(lines)})
    said = [fault.text for fault in faults_of(study) if not fault.missing]
    assert "1 item has the same text in two arms, which nobody can tell apart: one." in said
    assert "1 item has a text that another item has in the same arm: two." in said


def test_raters_who_would_read_a_post_in_several_arms_are_doubtful(alder: User, desk: Client) -> None:
    study = research.planned(alder, raters=3)  # two of them for each text, and two arms
    assert "With 4 raters next to nobody reads a post twice." in build.read(desk.get(at(study, "check")))
    build.person("fourth", Role.RATER)
    planning.add_rater(study, name="fourth", panel="lay", credentials="", by=alder)
    assert "reads a post twice" not in build.read(desk.get(at(study, "check")))
    opening.open_study(study, by=alder)
    for rater in study.raters.all():
        posts = list(
            rater.assignments.filter(output__item__role=Item.Role.RATED).values_list("output__item__source", flat=True)
        )
        assert len(posts) == len(set(posts))


def test_where_nobody_agreed_yet_the_page_says_so(alder: User, desk: Client) -> None:
    study = research.opened(alder)
    assert "Nobody has agreed yet." in build.read(desk.get(at(study)))
