"""Asking for help: one click is one job, only on own words, only where it is allowed."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from assistant.models import Draft, DraftRevision, Post, SuggestionJob
from webapp import test as build
from webapp.test import Cast

JSON = {"Accept": "application/json"}


def ask(client: Client, draft: Draft, *, key: uuid.UUID | None = None, **fields: Any) -> Any:
    data = {
        "client_key": key or uuid.uuid4(),
        "text": build.KIND_DRAFT,
        "base": 1,
        "mode": "improve",
        "reason": "",
    } | fields
    return client.post(f"/drafts/{draft.id}/ask", data, headers=JSON)


@pytest.fixture
def draft(cast: Cast, client: Client) -> Draft:
    client.force_login(cast.wren)
    return build.draft(cast.wren)


def test_it_makes_a_job_for_the_saved_revision(draft: Draft, client: Client) -> None:
    answer = ask(client, draft)
    assert answer.status_code == 202
    job = SuggestionJob.objects.get()
    assert answer.json()["job"] == str(job.id)
    assert job.revision.text == build.KIND_DRAFT


def test_what_was_typed_since_the_last_save_is_saved_with_the_job(draft: Draft, client: Client) -> None:
    ask(client, draft, text=build.KIND_DRAFT + " Tell me more.")
    assert SuggestionJob.objects.get().revision.number == 2


def test_the_same_click_twice_is_one_job(draft: Draft, client: Client) -> None:
    key = uuid.uuid4()
    assert ask(client, draft, key=key).json()["job"] == ask(client, draft, key=key).json()["job"]
    assert SuggestionJob.objects.count() == 1


def test_another_click_while_one_runs_is_the_same_job(draft: Draft, client: Client) -> None:
    assert ask(client, draft).json()["job"] == ask(client, draft).json()["job"]
    assert SuggestionJob.objects.count() == 1


def test_a_key_that_was_used_for_something_else_is_refused(draft: Draft, client: Client, cast: Cast) -> None:
    key = uuid.uuid4()
    ask(client, draft, key=key)
    other = build.draft(cast.wren)
    assert ask(client, other, key=key).status_code == 422


def test_it_wants_own_words_first(draft: Draft, client: Client) -> None:
    answer = ask(client, draft, text="Hi there.")
    assert answer.status_code == 422
    assert answer.json()["error"] == "too_short"
    assert build.head_of(Draft.objects.get()).text == "Hi there."  # and keeps them


@pytest.mark.parametrize(
    ("text", "enough"),
    [("One thing I know. Another one too.", True), ("word " * 25, True), ("word " * 24, False), ("Oh. No.", False)],
)
def test_two_sentences_or_twenty_five_words_are_enough(text: str, enough: bool) -> None:
    from assistant.actions import enough_to_ask

    assert enough_to_ask(text) is enough


def test_a_post_for_humans_only_gets_no_model(draft: Draft, client: Client) -> None:
    Post.objects.update(human_only=True)
    assert ask(client, draft).json()["error"] == "human_only"
    assert SuggestionJob.objects.count() == 0


def test_a_draft_from_the_post_needs_its_own_permission(draft: Draft, client: Client) -> None:
    answer = ask(client, draft, mode="generate", reason="I am stuck")
    assert answer.status_code == 403
    assert SuggestionJob.objects.count() == 0


def test_a_draft_from_the_post_needs_a_reason(draft: Draft, client: Client, cast: Cast) -> None:
    cast.wren.user_permissions.add(Permission.objects.get(codename="use_generate"))
    assert ask(client, draft, mode="generate").json()["error"] == "reason_missing"
    assert ask(client, draft, mode="generate", reason="I am stuck").status_code == 202
    assert SuggestionJob.objects.get().asked_because == "I am stuck"


def test_asking_very_often_is_slowed_down(draft: Draft, client: Client, settings: Settings) -> None:
    settings.SUGGESTIONS_PER_TEN_MINUTES = 2
    for _ in range(2):
        ask(client, draft)
        SuggestionJob.objects.update(status="cancelled")
    assert ask(client, draft).status_code == 429


def test_cancelling_twice_is_no_error(draft: Draft, client: Client) -> None:
    job = ask(client, draft).json()["job"]
    for _ in range(2):
        assert client.post(f"/jobs/{job}/cancel", headers=JSON).json()["status"] == "cancelled"


def test_somebody_elses_job_cannot_be_cancelled(draft: Draft, client: Client, cast: Cast) -> None:
    job = ask(client, draft).json()["job"]
    client.force_login(cast.robin)
    assert client.post(f"/jobs/{job}/cancel", headers=JSON).status_code == 404
    assert SuggestionJob.objects.get().status == "queued"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_key", [True, False])
def test_fifty_clicks_at_once_are_one_job(same_key: bool) -> None:
    wren = build.Cast().wren
    draft = build.draft(wren)
    signed_in = Client()
    signed_in.force_login(wren)
    key = uuid.uuid4()
    answers: list[int] = []
    together = threading.Barrier(50)

    def click() -> None:
        browser = Client()
        browser.cookies = signed_in.cookies
        together.wait()
        answers.append(ask(browser, draft, key=key if same_key else None).status_code)
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(50)]
    for click_thread in clicks:
        click_thread.start()
    for click_thread in clicks:
        click_thread.join()
    assert answers == [202] * 50
    assert SuggestionJob.objects.count() == 1
    assert DraftRevision.objects.count() == 1
