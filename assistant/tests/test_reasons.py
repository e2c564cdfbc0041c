"""Each change says in one line why it is offered, and what is good is praised for what it does."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import reasons
from assistant.changes import changes_between
from assistant.models import Suggestion
from assistant.reasons import explained, told
from webapp import test as build
from webapp.test import Cast

POST = "I failed two of my finals and at home nobody talks about anything else. I lie awake going over it."


def why(draft: str, suggestion: str, **about: str) -> list[str]:
    return [one.why for one in explained(changes_between(draft, suggestion), **{"post": POST} | about)]


def test_a_dismissive_sentence_goes_for_what_the_safety_layer_says_of_it() -> None:
    code = why("You are overreacting, others have it worse.", "That sounds exhausting.")[0]
    assert code.startswith("dismissal.")
    line = told(code)
    assert line is not None
    assert line.line


@pytest.mark.parametrize(
    ("draft", "suggestion", "code"),
    [
        ("I read it twice.", "I read it twice. What is it like at home now?", "explorations"),
        ("I read it twice.", "I read it twice. It makes sense that this is too much.", "interpretations"),
        ("I read it twice.", "I read it twice. It sounds like you lie awake going over your finals.", "said_back"),
        ("I read it twice.", "I read it twice. I am so sorry.", "reactions"),
        ("You should sleep earlier.", "Going to bed earlier is one thing to try.", "choice"),
        ("My brother, whom I like and whom my mother likes, was the same as I was then.", "", "own_story"),
        ("There is in the town a library that is open late.", "The library is open late.", "shorter"),
        ("The library has a room.", "There is a room in it.", "wording"),
    ],
)
def test_what_a_change_brings_is_said(draft: str, suggestion: str, code: str) -> None:
    assert why(draft, suggestion)[-1] == code


def test_a_good_sentence_is_praised_for_what_it_does() -> None:
    assert why("What is it like at home now?", "What is it like at home now?") == ["good.explorations"]
    assert why("The library has a room.", "The library has a room.") == [""]


def test_in_another_language_nothing_is_guessed() -> None:
    assert why("Lo siento.", "Lo siento mucho, ¿cómo estás?", language="es") == [""]


def test_a_code_that_nobody_knows_any_more_shows_nothing() -> None:
    assert told("gone.with_a_release") is None
    assert told("") is None


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=80), st.text(max_size=80))
def test_every_reason_can_be_told_for_any_two_texts(draft: str, suggestion: str) -> None:
    for one in explained(changes_between(draft, suggestion), post=POST):
        assert one.why == "" or told(one.why) is not None


def test_every_line_is_one_sentence() -> None:
    assert all(one.line.endswith(".") and one.line.count(".") == 1 for one in reasons.LINES.values())


@pytest.mark.django_db
def test_the_reason_stands_under_the_change(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text="I read it twice. The library has a room.")
    suggestion: Suggestion = build.suggestion(
        draft, "I read it twice. The library has a room. What is it like at home now?"
    )
    client.force_login(cast.wren)
    page = build.read(client.get(f"/jobs/{suggestion.job_id}/suggestion"))
    assert "Asks about more of it. Explorations · Questions" in page
