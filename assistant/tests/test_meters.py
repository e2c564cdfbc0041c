"""What a draft holds is told at once, by wording, and for the writer alone."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from assistant import meters
from assistant.meters import Mechanism, measure, mechanisms_in
from webapp import test as build
from webapp.test import Cast, read

POST = "I failed two of my finals and at home nobody talks about anything else. I can't sleep, I just lie there going over it."


def values(text: str, **about: object) -> dict[str, str]:
    return {meter.code: meter.value for meter in measure(text, **{"post": POST} | about)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        "I’m so sorry that this hits you twice.",
        "I am really glad you wrote.",
        "My heart goes out to you.",
        "Hugs, if you want them.",
        "You are not alone with this.",
    ],
)
def test_what_moves_the_writer_is_found(said: str) -> None:
    assert Mechanism.REACTIONS in mechanisms_in(said)


@pytest.mark.parametrize(
    "said",
    [
        "It sounds like the evenings are the worst.",
        "It makes sense that you lie awake.",
        "Being told that must feel unfair.",
        "I have been there, in my second year.",
        "I failed mine too and my parents did not speak for days.",
    ],
)
def test_what_was_understood_is_found(said: str) -> None:
    assert Mechanism.INTERPRETATIONS in mechanisms_in(said)


@pytest.mark.parametrize(
    "said", ["What is it like at home now?", "Tell me more about your dad.", "Do you want to talk about it?"]
)
def test_what_makes_room_for_more_is_found(said: str) -> None:
    assert Mechanism.EXPLORATIONS in mechanisms_in(said)


@pytest.mark.parametrize(
    "said",
    ["The exam office opens at nine.", "Study an hour a day.", "There is a form for it.", "Read the rules.", "Really?"],
)
def test_what_says_nothing_of_it_is_not(said: str) -> None:
    assert mechanisms_in(said) == frozenset()


def test_advice_before_listening_is_said() -> None:
    assert values("You should sleep more. I am sorry that it is so hard.")["advice"] == "comes early"
    assert values("I am sorry that it is so hard. You could sleep in the library.")["advice"] == "after listening"
    assert values("I am sorry that it is so hard.")["advice"] == "none"


def test_an_open_question_is_told_from_a_closed_one() -> None:
    assert values("What would help you most tonight?")["question"] == "open"
    assert values("Do you have somebody near you?")["question"] == "closed"
    assert values("I read this twice.")["question"] == "not yet"


def test_length_is_held_against_the_post() -> None:
    assert values("I read this.")["length"] == "very short"
    assert values("word " * 30)["length"] == "fits the post"
    assert values("word " * 200)["length"] == "longer than the post"


def test_long_words_are_harder_to_read() -> None:
    plain = "It is all right to be sad. You can rest for a day and then see what is next."
    hard = "Notwithstanding institutional expectations, prioritising psychological recuperation remains appropriate."
    assert (values(plain)["reading"], values(hard + " " + hard)["reading"]) == ("easy", "hard")
    assert values("So sorry.")["reading"] == "too short to tell"


def test_somebody_to_turn_to_and_a_plain_question_are_seen() -> None:
    said = "Are you thinking about suicide? You can call Samaritans on 116 123 at any hour."
    assert values(said, country="IE", at_risk=True)["resource"] == "yes"
    assert values(said, country="IE", at_risk=True)["risk"] == "yes"
    assert values("I hear you.", at_risk=True)["risk"] == "not yet"
    assert "risk" not in values("I hear you.")


def test_in_another_language_only_what_needs_no_words_is_told() -> None:
    assert set(values("¿Cómo estás hoy? Lo siento mucho.", language="es")) == {"question", "length"}


def test_of_nothing_nothing_is_said() -> None:
    assert measure(" \n", post=POST) == []


@given(st.text(max_size=300))
def test_any_text_can_be_measured(text: str) -> None:
    assert all(meter.label and meter.value for meter in measure(text, post=text, at_risk=True))


@pytest.mark.django_db
def test_they_are_on_the_page_and_in_every_answer_to_a_save(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text="You should sleep more.")
    client.force_login(cast.wren)
    assert "Advice comes early" in read(client.get(f"/drafts/{draft.id}/"))
    fields = {"text": "I am sorry that it is so hard.", "base": 1}
    answer = client.post(f"/drafts/{draft.id}/save", fields, headers={"Accept": "application/json"})
    told = {one["code"]: one["value"] for one in answer.json()["meters"]}
    assert (told["reactions"], told["advice"]) == ("yes", "none")


@pytest.mark.django_db
def test_without_them_everything_is_saved_as_always(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "measure", lambda *_text, **_about: 1 / 0)
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    assert client.get(f"/drafts/{draft.id}/").status_code == 200
    answer = client.post(f"/drafts/{draft.id}/save", {"text": "On.", "base": 1}, headers={"Accept": "application/json"})
    assert (answer.json()["revision"], answer.json()["meters"]) == (2, [])


def test_the_wording_has_a_version() -> None:
    assert meters.WORDING.read_text(encoding="utf-8").count("\nversion = ") == 1
