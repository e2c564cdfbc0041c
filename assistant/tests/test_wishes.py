"""What a supporter wants of a revision: goals that the model is told, and sentences that stay byte for byte."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions, runner
from assistant.inference import trained_prompts
from assistant.inference.aims import Aim, aim_of
from assistant.inference.prompts import build_prompt, told_in
from assistant.inference.trained_prompts import Goal
from assistant.inference.types import Mode
from assistant.locked import locked_now
from assistant.models import Deployment, Draft, ModelVersion, Suggestion, SuggestionJob, Worker, WritingGoal
from webapp import test as build
from webapp.test import Cast, FakeEngine, read

DRAFT = "I read it twice. I ate alone for a year too. What do you like to cook?"
OWN = "I ate alone for a year too."


def ask(client: Client, draft: Any, **fields: Any) -> Any:
    form = {"text": DRAFT, "base": 1, "mode": "improve", "client_key": str(uuid.uuid4())} | fields
    return client.post(f"/drafts/{draft.id}/ask", form, headers={"Accept": "application/json"})


def registered(prompt: str) -> ModelVersion:
    """What improves drafts from now on, asked in the words of this version."""
    name = prompt or "shown"
    version = ModelVersion.objects.create(name=name, path=f"{name}.gguf", sha256="0" * 64, size=1, prompt=prompt)
    Deployment.objects.create(version=version)
    return version


def test_goals_and_locked_sentences_are_told_to_a_model_that_heeds_them() -> None:
    goals, keep = [Goal.WARMER, Goal.QUESTION], [OWN]
    aims = [*map(aim_of, goals), Aim("rhyme", "Make it rhyme.")]
    told = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version="improve-2", goals=aims, keep=keep)
    assert told == trained_prompts.build_improve(post="a", draft=DRAFT, goals=goals, keep=keep)


def test_a_model_that_is_shown_its_task_is_told_a_goal_in_the_words_of_the_site() -> None:
    shown = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, goals=[Aim("rhyme", "Make it rhyme.")])
    assert [one.text for one in shown.segments if not one.scaffold] == ["a", DRAFT, "Make it rhyme."]
    assert shown.segments[-3].text.endswith("Goals:\n")


@pytest.mark.parametrize("version", ["", "improve-2"])
def test_what_is_wished_for_comes_last_so_that_post_and_draft_can_be_prepared(version: str) -> None:
    plain = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version=version).segments[:-1]
    aims = [aim_of(Goal.SAFER)]
    wishes = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version=version, goals=aims, keep=[OWN])
    assert wishes.segments[: len(plain)] == plain
    assert len(wishes.segments) > len(plain) + 1


@pytest.mark.parametrize(
    ("version", "known", "added"),
    [
        ("", "Be warm.", "Make it rhyme."),
        ("improve-3", "Be warm.", "Make it rhyme."),
        ("improve-2", Goal.WARMER, None),
        ("improve-1", None, None),
        ("improve-99", None, None),
    ],
)
def test_each_model_is_told_a_goal_as_far_as_its_words_go(version: str, known: str | None, added: str | None) -> None:
    assert told_in(version, Aim("warmer", "Be warm.")) == known
    assert told_in(version, Aim("rhyme", "Make it rhyme.")) == added


@pytest.mark.django_db
def test_the_job_keeps_what_was_wished_for(cast: Cast, client: Client) -> None:
    registered("improve-2")
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    answer = ask(client, draft, goals=["warmer", "question"], locked=[OWN, "No sentence of it."])
    assert answer.status_code == 202
    job = SuggestionJob.objects.get()
    assert job.goals == [["warmer", 1], ["question", 1]]
    assert [aim.goal for aim in job.aims] == [Goal.WARMER, Goal.QUESTION]
    assert job.locked_sentences == [OWN]


@pytest.mark.django_db
def test_a_goal_that_does_not_exist_is_refused(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    assert ask(client, draft, goals=["ruder"]).status_code == 400
    assert not SuggestionJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_locked_sentence_comes_back_whatever_the_model_makes_of_it(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    ask(client, draft, locked=[OWN])
    job = SuggestionJob.objects.get()
    said = "I read it twice, slowly. A year of eating alone is long. What would you cook for a friend?"
    runner.run_job(job.id, engine=FakeEngine().will_say(said))
    suggestion = Suggestion.objects.get()
    assert suggestion.text == f"I read it twice, slowly. {OWN} What would you cook for a friend?"
    assert "As you wrote it locked" in read(client.get(f"/jobs/{job.id}/suggestion"))


@pytest.mark.django_db
def test_a_locked_sentence_that_is_typed_in_stays_locked_as_it_is_now(cast: Cast, client: Client) -> None:
    text = "Good morning to you. I ate alone for most of my first year. What do you like to cook?"
    typed = "Good morning to you! I ate alone, too, for most of my very first year. What do you like to cook?"
    changed = "I ate alone, too, for most of my very first year."
    client.force_login(cast.wren)
    draft = build.draft(cast.wren, text=text)
    locked = ["I ate alone for most of my first year.", "What do you like to cook?"]
    listed = client.post(f"/drafts/{draft.id}/sentences", {"text": typed, "base": 1, "locked": locked}).content.decode()
    assert f'value="{changed}" checked' in listed
    assert 'value="Good morning to you!" checked' not in listed
    fields = {"text": typed, "base": 1, "mode": "improve", "client_key": uuid.uuid4(), "locked": locked}
    client.post(f"/drafts/{draft.id}/ask", fields)
    job = SuggestionJob.objects.get()
    assert list(job.locked_sentences) == [changed, "What do you like to cook?"]
    longer = (
        "I ate alone for most of my first year at a school where everybody had known each other since they were six."
    )
    assert locked_now(f"{longer} It rained.", locked) == [longer]
    assert locked_now("It rained. The train was late.", locked) == []


@pytest.mark.django_db
def test_the_sentences_to_choose_from_are_those_on_the_page(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    fields = {"text": f"{DRAFT} And one more.", "base": 1, "locked": [OWN]}
    page = client.post(f"/drafts/{draft.id}/sentences", fields).content.decode()
    assert page.count('name="locked"') == 4
    assert page.count(" checked") == 1
    client.force_login(cast.robin)
    assert client.post(f"/drafts/{draft.id}/sentences", fields).status_code == 404


@pytest.mark.django_db
def test_goals_are_offered_where_the_active_model_can_be_told_of_them(cast: Cast, client: Client) -> None:
    Worker.objects.create(name="here", seen_at=timezone.now(), model="fake")
    actions.add_goal(label="A rhyme", told="Make it rhyme.", measure="", by=cast.willow)
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    for prompt, known, added in (("improve-1", False, False), ("improve-2", True, False), ("", True, True)):
        registered(prompt)
        page = read(client.get(f"/drafts/{draft.id}/"))
        assert ("What it should aim for" in page, "One next step" in page, "A rhyme" in page) == (known, known, added)


@pytest.mark.django_db
def test_a_goal_that_was_switched_off_meanwhile_is_said_and_the_draft_is_saved(cast: Cast, client: Client) -> None:
    registered("improve-2")
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    actions.offer_goal(WritingGoal.objects.get(code="shorter"), offered=False, by=cast.willow)
    answer = ask(client, draft, text=f"{DRAFT} And one more.", goals=["warmer", "shorter"])
    assert answer.status_code == 422
    assert "“Shorter” is not offered any more" in answer.json()["message"]
    assert build.head_of(Draft.objects.get()).text.endswith("And one more.")
    assert not SuggestionJob.objects.exists()
    assert ask(client, draft, text=f"{DRAFT} And one more.", base=2, goals=["warmer"]).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_the_model_is_told_the_wording_of_when_it_was_asked(cast: Cast, client: Client) -> None:
    registered("")
    goal = actions.add_goal(label="A rhyme", told="Make it rhyme.", measure="", by=cast.willow)
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    ask(client, draft, goals=[goal.code])
    actions.change_goal(goal, label="A rhyme", told="Make it sing.", measure="", version=1, by=cast.willow)
    job, engine = SuggestionJob.objects.get(), FakeEngine().will_say(f"{DRAFT} And one more.")
    runner.run_job(job.id, engine=engine)
    assert "Make it rhyme." in [segment.text for segment in engine.asked[0].prompt.segments]
    assert job.goals == [["a_rhyme", 1]]
