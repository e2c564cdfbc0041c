"""Admins word, order and switch off what supporters can ask a revision to aim for."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from assistant.inference.aims import FIRST_WORDING, aim_of
from assistant.inference.trained_prompts import Goal
from assistant.models import AuditEvent, Deployment, GoalWording, ModelVersion, SuggestionJob, WritingGoal
from webapp import test as build
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db

RHYME = {"label": "A rhyme", "told": "Make it rhyme.", "measure": "words"}


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.willow)
    return client


def goal(code: str) -> WritingGoal:
    return WritingGoal.objects.get(code=code)


def codes() -> list[str]:
    return list(WritingGoal.objects.values_list("code", flat=True))


def activate(prompt: str) -> None:
    version = ModelVersion.objects.create(name=prompt or "shown", path="x.gguf", sha256="0" * 64, size=1, prompt=prompt)
    Deployment.objects.create(version=version)


def events(action: str) -> Any:
    return AuditEvent.objects.filter(action=action)


def test_a_site_begins_with_the_seven_in_the_wording_that_is_measured() -> None:
    assert codes() == [aim_of(one).code for one in Goal]
    assert {aim.goal: aim.told for aim in (row.aim for row in GoalWording.objects.all())} == FIRST_WORDING


def test_what_jobs_kept_of_goals_before_is_kept_by_code_and_wording(cast: Cast) -> None:
    migration = importlib.import_module("assistant.migrations.0015_goals")
    job = build.job(build.draft(cast.wren))
    SuggestionJob.objects.update(goals=["plainer words", "ask an open question", "gone"])
    GoalWording.objects.all().delete()
    WritingGoal.objects.all().delete()
    migration.seed(apps, None)
    job.refresh_from_db()
    assert job.goals == [["plainer", 1], ["question", 1]]
    migration.unseed(apps, None)
    job.refresh_from_db()
    assert job.goals == ["plainer words", "ask an open question"]


@pytest.mark.parametrize(
    ("prompt", "said", "chips"),
    [
        (None, "No model is active, so no goal is offered.", {"on": 8}),
        ("", "shown, is told what stands here, in these words.", {"offered": 8}),
        ("improve-2", "was trained on 7 goals", {"offered": 7, "not offered with this model": 1}),
        ("improve-1", "was trained without goals, so none is offered", {"not offered with this model": 8}),
    ],
)
def test_the_page_says_what_the_active_model_can_be_told(
    admin: Client, prompt: str | None, said: str, chips: dict[str, int]
) -> None:
    if prompt is not None:
        activate(prompt)
    admin.post("/goals/add", RHYME)
    answer = admin.get("/goals/")
    page = answer.content.decode()
    assert said in read(answer)
    for state, count in chips.items():
        assert page.count(f'">{state}</span>') == count
    trained = "plainer words The word that the model was trained on."
    assert (trained in read(answer)) == (prompt == "improve-2")
    unknown = "safer wording. This one is not among them, so it is not offered with it."
    assert (unknown in read(answer)) == (prompt == "improve-2")


def test_a_goal_is_added_at_the_end_and_the_event_holds_no_words(admin: Client, cast: Cast) -> None:
    answer = admin.post("/goals/add", RHYME | {"told": " Make it\r\n rhyme. "}, follow=True)
    assert "“A rhyme” was added at the end." in read(answer)
    made = WritingGoal.objects.last()
    assert made is not None
    assert (made.code, made.wording.told, made.wording.version, made.measure) == (
        "a_rhyme",
        "Make it rhyme.",
        1,
        "words",
    )
    event = events("goal.added").get()
    assert (event.actor, event.object_id, event.code) == (str(cast.willow.pk), str(made.id), "")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"told": "  "}, "There is nothing here yet. Write at least one word."),
        ({"label": ""}, "There is nothing here yet. Write at least one word."),
        ({"told": "x" * 301}, "This is 301 characters long; 300 fit."),
        ({"label": "y" * 41}, "This is 41 characters long; 40 fit."),
        ({"label": "shorter"}, "There is a goal called “shorter” already."),
        ({"label": "A\x07 bell"}, "The character U+0007 at place 2 cannot be stored."),
        ({"measure": "beauty"}, "Select a valid choice."),
    ],
)
def test_a_goal_that_cannot_be_added_comes_back_with_what_was_typed(
    admin: Client, fields: dict[str, str], said: str
) -> None:
    answer = admin.post("/goals/add", RHYME | fields)
    assert answer.status_code == 422
    assert "The goal was not added." in read(answer)
    assert said in read(answer)
    page = answer.content.decode()
    for name in {"label", "told"} - fields.keys():
        assert RHYME[name] in page
    assert not WritingGoal.objects.filter(code="a_rhyme").exists()


def test_two_goals_whose_names_make_the_same_code_are_told_apart(admin: Client) -> None:
    for label in ("A rhyme", "A – rhyme", "韻", "歌"):
        admin.post("/goals/add", RHYME | {"label": label})
    assert codes()[-4:] == ["a_rhyme", "a_rhyme_2", "goal", "goal_2"]


def change(admin: Client, code: str, **fields: Any) -> Any:
    row = goal(code)
    form = {"label": row.label, "told": row.wording.told, "measure": row.measure, "version": row.wording.version}
    return admin.post(f"/goals/{row.id}/change", form | fields)


def test_another_wording_gets_the_next_number_and_the_former_one_is_kept(admin: Client) -> None:
    first = goal("shorter").wording.told
    answer = change(admin, "shorter", told="Make it half as long.")
    assert answer.headers["Location"] == "/goals/#goal-shorter"
    assert list(goal("shorter").wordings.values_list("version", "told")) == [(1, first), (2, "Make it half as long.")]
    page = read(admin.get("/goals/"))
    assert "Wording 2, since" in page
    assert "Other wordings of Shorter" in page
    assert events("goal.changed").get().code == "2"


def test_another_name_is_no_other_wording(admin: Client) -> None:
    change(admin, "shorter", label="Brief", measure="")
    assert (goal("shorter").label, goal("shorter").measure, goal("shorter").wording.version) == ("Brief", "", 1)


def test_the_second_click_saves_no_second_wording(admin: Client) -> None:
    for _ in range(2):
        assert change(admin, "shorter", told="Make it half as long.", version=1).status_code == 302
    assert goal("shorter").wordings.count() == 2


def test_a_stale_page_is_told_what_stands_there_now_and_keeps_what_was_typed(admin: Client) -> None:
    change(admin, "shorter", told="Make it half as long.")
    answer = change(admin, "shorter", told="Cut a third.", version=1)
    assert answer.status_code == 422
    assert "Now the model is told: “Make it half as long.”" in read(answer)
    page = answer.content.decode()
    assert "Cut a third." in page
    assert '<input type="hidden" name="version" value="2"' in page
    assert goal("shorter").wording.told == "Make it half as long."
    assert change(admin, "shorter", told="Cut a third.", version=2).status_code == 302


def test_a_name_of_another_goal_is_refused(admin: Client) -> None:
    answer = change(admin, "shorter", label="WARMER", told="Typed before.")
    assert answer.status_code == 422
    assert "“Shorter” was not saved." in read(answer)
    assert "There is a goal called “WARMER” already." in read(answer)
    assert "Typed before." in answer.content.decode()
    assert goal("shorter").label == "Shorter"


def test_goals_stand_in_the_order_that_admins_gave_them(admin: Client, cast: Cast) -> None:
    before = codes()
    admin.post(f"/goals/{goal('warmer').id}/move", {"by_places": "1"})
    assert codes()[:2] == [before[1], before[0]]
    admin.post(f"/goals/{goal('safer').id}/move", {"by_places": "1"})  # the last stays
    admin.post(f"/goals/{goal('clearer').id}/move", {"by_places": "-1"})  # and so does the first
    assert events("goal.moved").count() == 1
    answer = admin.post(f"/goals/{goal('clearer').id}/move", {"by_places": "7"}, follow=True)
    assert "moved up or down by one place" in read(answer)


def test_switching_off_is_one_event_however_often_it_is_pressed(admin: Client) -> None:
    activate("")
    for _ in range(2):
        admin.post(f"/goals/{goal('safer').id}/offer", {})
    assert not goal("safer").offered
    assert events("goal.withdrawn").count() == 1
    assert "switched off" in read(admin.get("/goals/"))
    admin.post(f"/goals/{goal('safer').id}/offer", {"offered": "on"})
    assert goal("safer").offered
    assert events("goal.offered").count() == 1


def test_a_goal_that_does_not_exist_is_not_there(admin: Client) -> None:
    for what in ("change", "move", "offer"):
        assert admin.post(f"/goals/00000000-0000-4000-8000-000000000000/{what}", {}).status_code == 404
