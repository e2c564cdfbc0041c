"""What a supporter wants of a revision: goals that the model is told, and sentences that stay byte for byte."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import runner
from assistant.inference import trained_prompts
from assistant.inference.prompts import build_prompt
from assistant.inference.trained_prompts import Goal
from assistant.inference.types import Mode
from assistant.models import Deployment, ModelVersion, Suggestion, SuggestionJob, Worker
from webapp import test as build
from webapp.test import Cast, FakeEngine, read

DRAFT = "I read it twice. I ate alone for a year too. What do you like to cook?"
OWN = "I ate alone for a year too."


def ask(client: Client, draft: Any, **fields: Any) -> Any:
    form = {"text": DRAFT, "base": 1, "mode": "improve", "client_key": str(uuid.uuid4())} | fields
    return client.post(f"/drafts/{draft.id}/ask", form, headers={"Accept": "application/json"})


def test_goals_and_locked_sentences_are_told_to_a_model_that_heeds_them() -> None:
    goals, keep = [Goal.WARMER, Goal.QUESTION], [OWN]
    told = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version="improve-2", goals=goals, keep=keep)
    assert told == trained_prompts.build_improve(post="a", draft=DRAFT, goals=goals, keep=keep)
    shown = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, goals=goals, keep=keep)
    assert shown == build_prompt(Mode.IMPROVE, post="a", draft=DRAFT)


def test_what_is_wished_for_comes_last_so_that_post_and_draft_can_be_prepared() -> None:
    plain = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version="improve-2").segments[:-1]
    wishes = build_prompt(Mode.IMPROVE, post="a", draft=DRAFT, version="improve-2", goals=[Goal.SAFER], keep=[OWN])
    assert wishes.segments[: len(plain)] == plain


@pytest.mark.django_db
def test_the_job_keeps_what_was_wished_for(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    answer = ask(client, draft, goals=["warmer", "ask an open question"], locked=[OWN, "No sentence of it."])
    assert answer.status_code == 202
    job = SuggestionJob.objects.get()
    assert job.goals == [Goal.WARMER, Goal.QUESTION]
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
def test_goals_are_offered_where_the_model_was_trained_to_heed_them(cast: Cast, client: Client) -> None:
    Worker.objects.create(name="here", seen_at=timezone.now(), model="fake")
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    assert "What it should aim for" not in read(client.get(f"/drafts/{draft.id}/"))
    version = ModelVersion.objects.create(
        name="im", kind=ModelVersion.Kind.BASE, path="im.gguf", sha256="0" * 64, size=1, prompt="improve-2"
    )
    Deployment.objects.create(version=version)
    assert "What it should aim for" in read(client.get(f"/drafts/{draft.id}/"))
