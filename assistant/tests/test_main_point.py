"""A draft that takes up nothing of its post is answered with a question, once; then it is revised all the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from assistant import main_point
from assistant.models import Draft, SuggestionJob
from webapp import test as build
from webapp.test import Cast, read

POST = (
    "My sister and I ran the bakery together for nine years. In March she left for the coast, and since then the bakery is mine "
    "alone. I bake at four in the morning and nobody talks to me until noon."
)
BESIDE = (
    "I am so sorry. Stay strong and take care of yourself. Everything passes in the end, and tomorrow is a new chance for "
    "all of us. Good luck with it."
)
ABOUT_IT = (
    "I am so sorry. Running the bakery without your sister is a lot for one person. Take care of yourself in those early "
    "hours, and good luck with it."
)
JSON = {"Accept": "application/json"}


def test_a_draft_that_takes_up_the_post_is_no_miss() -> None:
    assert main_point.misses(BESIDE, POST)
    assert not main_point.misses(ABOUT_IT, POST)


@pytest.mark.parametrize(
    "more", ["What is it like for you now?", "That sounds exhausting.", "Tell me more about it whenever you like."]
)
def test_who_asks_or_understands_has_taken_it_up(more: str) -> None:
    assert not main_point.misses(f"{BESIDE} {more}", POST)


def test_a_draft_that_has_only_begun_misses_nothing() -> None:
    assert not main_point.misses("I am so sorry. Stay strong.", POST)


def test_the_point_is_the_sentence_whose_words_come_back() -> None:
    assert main_point.point_of(POST) == "My sister and I ran the bakery together for nine years."


def test_nothing_is_asked_about_a_post_in_another_language() -> None:
    assert main_point.left_aside(BESIDE, POST, language="de") == ""
    assert "nine years" in main_point.left_aside(BESIDE, POST, language="en-GB")


def ask(client: Client, draft: Draft, **fields: Any) -> Any:
    form = {"text": BESIDE, "base": 1, "mode": "improve", "client_key": uuid.uuid4()} | fields
    return client.post(f"/drafts/{draft.id}/ask", form, headers=fields.pop("headers", JSON))


@pytest.mark.django_db
def test_it_is_asked_instead_of_a_revision_and_revised_when_asked_again(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=BESIDE, post_text=POST)
    client.force_login(cast.wren)
    answer = ask(client, draft)
    assert (answer.status_code, answer.json()["error"]) == (422, "question_back")
    assert "What would you say to that?" in answer.json()["message"]
    assert not SuggestionJob.objects.exists()
    assert ask(client, draft, anyway=1).status_code == 202
    assert SuggestionJob.objects.count() == 1


@pytest.mark.django_db
def test_a_draft_that_only_repeats_the_post_is_asked_about(cast: Cast, client: Client) -> None:
    """Revised, it would be their own words, told to them with other facts."""
    draft = build.draft(cast.wren, text=BESIDE, post_text=POST)
    client.force_login(cast.wren)
    answer = ask(client, draft, text=POST.replace(" In March", "\n\nIn March"))
    assert answer.json()["error"] == "question_back"
    assert "sentences of the post alone" in answer.json()["message"]
    assert not SuggestionJob.objects.exists()
    assert not main_point.only_repeats(f"{POST} I read it twice.", POST)
    assert not main_point.only_repeats("I bake at four in the morning and nobody talks to me until noon.", POST)


@pytest.mark.django_db
def test_without_script_the_page_asks_and_its_button_then_means_it(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=BESIDE, post_text=POST)
    client.force_login(cast.wren)
    answer = ask(client, draft, headers={})
    assert "What would you say to that?" in read(answer)
    assert BESIDE in read(answer)
    assert '"anyway"' not in client.get(f"/drafts/{draft.id}/").content.decode()
