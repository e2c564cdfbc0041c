"""Where the seeker lives: asked for, never guessed, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant import actions
from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode, Params, Request
from assistant.models import AuditEvent, Draft, Post
from assistant.safety import helplines
from assistant.safety.types import Context, Kind
from assistant.streaming.checked import CheckedStream
from webapp import test as build
from webapp.checks import live_only, unsafe_mixes
from webapp.test import Cast, FakeEngine

BOOK = """
[[helpline]]
name = "Samaritans Ireland"
country = "IE"
channel = "call"
numbers = ["116 123"]
url = "https://www.samaritans.org/ireland/"
hours = "24/7"
verified_on = {day}
verified_by = "Rowan, lead"
"""


@pytest.fixture
def own_book(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "helplines.toml"
    path.write_text(BOOK.format(day="2020-01-01"), encoding="utf-8")
    helplines.use(path)
    yield path
    helplines.use(None)


def taken(by: object, *, country: str = "") -> Draft:
    actions.receive_post(text="The evenings are long and I miss my sister.", country=country)
    draft = actions.take_next_post(by)
    assert draft is not None
    return draft


@pytest.mark.django_db
def test_the_writing_page_asks_for_a_country_it_does_not_know_and_keeps_what_is_chosen(
    cast: Cast, client: Client
) -> None:
    draft = taken(cast.wren)
    client.force_login(cast.wren)
    page = client.get(reverse("assistant:draft", args=[draft.id])).content.decode()
    assert 'id="country-form"' in page
    client.post(reverse("assistant:set_country", args=[draft.id]), {"country": "IE"})
    assert Post.objects.get(id=draft.post_id).country == "IE"
    assert AuditEvent.objects.filter(action="post.country_set", object_id=str(draft.post_id)).exists()
    assert 'id="country-form"' not in client.get(reverse("assistant:draft", args=[draft.id])).content.decode()


@pytest.mark.django_db
def test_without_a_country_a_worrying_post_shows_no_number_and_says_what_to_do(cast: Cast, client: Client) -> None:
    draft = taken(cast.wren)
    client.force_login(cast.wren)
    Post.objects.filter(id=draft.post_id).update(level=1, tier="review")
    page = build.read(client.get(reverse("assistant:draft", args=[draft.id])))
    assert "Where they live is not known" in page
    assert "988" not in page
    Post.objects.filter(id=draft.post_id).update(country="US")
    page = build.read(client.get(reverse("assistant:draft", args=[draft.id])))
    assert "988" in page
    assert "not verified" in page


@pytest.mark.django_db
@pytest.mark.parametrize("country", ["", "IRL", "XX", "1"])
def test_only_a_country_is_kept(cast: Cast, client: Client, country: str) -> None:
    draft = taken(cast.wren)
    client.force_login(cast.wren)
    answer = client.post(reverse("assistant:set_country", args=[draft.id]), {"country": country})
    assert answer.status_code == 400
    assert Post.objects.get(id=draft.post_id).country == ""


@pytest.mark.django_db
def test_nobody_else_sets_it_and_nobody_after_the_draft_was_given_back(cast: Cast, client: Client) -> None:
    draft = taken(cast.wren)
    address = reverse("assistant:set_country", args=[draft.id])
    client.force_login(cast.robin)
    assert client.post(address, {"country": "US"}).status_code == 404
    actions.give_back_post(draft, by=cast.wren)
    client.force_login(cast.wren)
    assert client.post(address, {"country": "US"}).status_code == 409
    assert Post.objects.get(id=draft.post_id).country == ""


INVENTED = [
    "You can call 1-800-555-0199 tonight. They listen.",
    "Text HOME to 741741.",
    "Dial nine eight eight. It is free.",
    "See kindhelp dot org for more.",
    "Samaritans answer on 50808.",
    "1-800-GET-SLEEP is there for you.",
]


@pytest.mark.parametrize("text", INVENTED)
@pytest.mark.parametrize("lead", ["", "I hear how long the evenings are. "])
def test_no_character_of_an_unbooked_line_is_streamed(text: str, lead: str) -> None:
    prompt = build_prompt(Mode.IMPROVE, post="The evenings are long.", draft="I hear you.")
    stream = FakeEngine().will_say(lead + text).submit(Request(id="x", prompt=prompt, params=Params()))
    checked = CheckedStream(stream, Context(Kind.SUGGESTION, country="IE", post="The evenings are long."))
    assert "".join(checked) in ("", lead)
    assert checked.screening.held


def test_a_live_site_is_warned_of_entries_that_nobody_checked_and_a_demonstration_is_not(settings: Settings) -> None:
    settings.DEMO = False
    assert [message.id for message in live_only() if "W" in str(message.id)] == ["lantern.W003"]
    settings.DEMO = True
    assert [message.id for message in live_only() if "W" in str(message.id)] == []


def test_a_broken_book_is_refused_at_start_with_its_entry_and_field(own_book: Path) -> None:
    own_book.write_text(BOOK.format(day='"soon"'), encoding="utf-8")
    helplines.use(own_book)
    messages = [message for message in unsafe_mixes() if message.id == "lantern.E010"]
    assert len(messages) == 1
    assert "'Samaritans Ireland'" in messages[0].msg
    assert "verified_on='soon'" in messages[0].msg


def test_the_command_lists_each_entry_and_fails_while_one_is_due(
    own_book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("helplines", "list", "--country", "ie")
    said = capsys.readouterr().out
    assert "expired     IE  Samaritans Ireland: 116 123" in said
    assert "unverified  IE  Childline by ISPCC" in said
    with pytest.raises(CommandError, match="HELPLINES_FILE"):
        call_command("helplines", "check")


@pytest.mark.django_db
def test_moderators_and_admins_see_that_entries_are_due_and_supporters_do_not(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.DEMO = False
    for who, shown in ((cast.ash, True), (cast.willow, True), (cast.wren, False)):
        client.force_login(who)
        page = client.get(reverse("account_change_password")).content.decode()
        assert ("helplines-due" in page) is shown
