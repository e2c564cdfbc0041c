"""After a heavy post a choice, a gentle word after many, and what somebody read, for their own eyes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent, Draft, Post, PostTopic, TalkRequest
from webapp import test as build
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db

OFFER = "Before you go on"
REMINDER = "You have opened several heavy posts"


@pytest.fixture
def wren(cast: Cast, client: Client) -> Any:
    client.force_login(cast.wren)
    return cast.wren


def send(client: Client, draft: Draft) -> str:
    answer = client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": 1}, follow=True)
    return read(answer)


# After one


def test_after_a_heavy_post_the_next_page_offers_a_choice(wren: Any, client: Client) -> None:
    page = send(client, build.draft(wren, level=2))
    assert OFFER in page
    for choice in ("Take a pause", "Ask a lead to talk", "Go on"):
        assert choice in page
    assert OFFER in read(client.get("/posts/"))


def test_after_another_post_it_does_not(wren: Any, client: Client) -> None:
    assert OFFER not in send(client, build.draft(wren))
    assert OFFER not in send(client, build.draft(wren, level=1))


def test_what_counts_as_heavy_is_a_setting(wren: Any, client: Client, settings: LazySettings) -> None:
    settings.CARE_HEAVY_LEVEL = 3
    assert OFFER not in send(client, build.draft(wren, level=2))


def test_a_heavy_topic_counts_without_any_level(wren: Any, client: Client) -> None:
    assert OFFER in send(client, build.draft(wren, post_text="He hits me when he comes home, and I hide the plates."))


@pytest.mark.parametrize("button", ["give-back", "hand-over"])
def test_giving_back_and_handing_over_offer_it_as_well(wren: Any, client: Client, button: str) -> None:
    draft = build.draft(wren, level=4)
    answer = client.post(f"/drafts/{draft.id}/{button}", {"text": build.KIND_DRAFT, "base": 1}, follow=True)
    assert OFFER in read(answer)


def test_going_on_ends_the_offer_and_nobody_has_to_choose(wren: Any, client: Client) -> None:
    send(client, build.draft(wren, level=2))
    assert OFFER not in read(client.post("/care/go-on", follow=True))
    send(client, build.draft(wren, level=2))
    build.post()
    assert client.post("/posts/next").headers["Location"].startswith("/drafts/")
    assert OFFER not in read(client.get("/posts/"))


def test_a_pause_stands_in_the_place_of_the_next_person_until_one_goes_on(wren: Any, client: Client) -> None:
    send(client, build.draft(wren, level=2))
    build.post()
    page = read(client.post("/care/pause", follow=True))
    assert "You are taking a pause" in page
    assert "Help the next person" not in page
    assert OFFER not in page
    assert not AuditEvent.objects.filter(action__contains="pause").exists()
    page = read(client.post("/care/go-on", follow=True))
    assert "Help the next person" in page
    assert OFFER not in page


def test_asking_to_talk_leaves_the_other_choices(wren: Any, client: Client) -> None:
    send(client, build.draft(wren, level=2))
    client.post("/care/talk")
    page = read(client.get("/posts/"))
    assert "You asked a lead to talk" in page
    assert "Take a pause" in page


def test_another_person_is_offered_nothing(wren: Any, client: Client, cast: Cast) -> None:
    send(client, build.draft(wren, level=2))
    other = Client()
    other.force_login(cast.robin)
    assert OFFER not in read(other.get("/posts/"))


# After many


def opened(person: Any, level: int, *, hours_ago: float = 0) -> Post:
    draft = build.draft(person, level=level)
    Draft.objects.filter(id=draft.id).update(created_at=timezone.now() - timedelta(hours=hours_ago))
    return draft.post


def test_after_the_dose_the_list_of_posts_says_so(wren: Any, client: Client) -> None:
    opened(wren, 4)
    assert REMINDER not in read(client.get("/posts/"))
    opened(wren, 2)
    assert REMINDER in read(client.get("/posts/"))


def test_light_posts_and_those_of_long_ago_do_not_count(wren: Any, client: Client, cast: Cast) -> None:
    for _ in range(8):
        opened(wren, 1)
    opened(wren, 4, hours_ago=3.1)
    opened(wren, 4)
    opened(cast.robin, 4)
    assert REMINDER not in read(client.get("/posts/"))


@pytest.mark.parametrize(("dose", "hours", "said"), [(8, 3.0, False), (4, 3.0, True), (6, 5.0, True), (0, 5.0, False)])
def test_dose_and_hours_are_settings(
    wren: Any, client: Client, settings: LazySettings, dose: int, hours: float, said: bool
) -> None:
    settings.CARE_DOSE, settings.CARE_DOSE_HOURS = dose, hours
    opened(wren, 4, hours_ago=4)
    opened(wren, 4)
    assert (REMINDER in read(client.get("/posts/"))) == said


def test_it_can_be_put_off_for_the_shift_and_comes_back_with_the_next(wren: Any, client: Client) -> None:
    opened(wren, 4)
    opened(wren, 4)
    assert "do not remind me this shift" in read(client.get("/posts/"))
    client.post("/care/go-on", {"quiet": "on"})
    opened(wren, 4)
    assert REMINDER not in read(client.get("/posts/"))
    client.post("/care/check-ins", {"moment": "after", "feeling": "tired", "words": ""})
    assert REMINDER in read(client.get("/posts/"))


def test_after_a_pause_the_count_begins_anew(wren: Any, client: Client) -> None:
    opened(wren, 4)
    opened(wren, 4)
    client.post("/care/pause")
    client.post("/care/go-on")
    assert REMINDER not in read(client.get("/posts/"))
    opened(wren, 4)
    opened(wren, 4)
    assert REMINDER in read(client.get("/posts/"))


# What was read


def test_what_was_read_is_counted_by_level_and_topic_in_two_windows(wren: Any, client: Client) -> None:
    answered = build.draft(wren, level=2)
    send(client, answered)
    yesterday = opened(wren, 4, hours_ago=30)
    opened(wren, 4, hours_ago=24 * 8)
    PostTopic.objects.filter(post=yesterday).delete()
    PostTopic.objects.create(post=yesterday, topic="loss")
    counts = {
        row["label"]: (row["today"], row["week"])
        for group in client.get("/care/").context["read"]
        for row in group["rows"]
    }
    once, never = {"opened": 1, "answered": 1}, {"opened": 0, "answered": 0}
    only_opened = {"opened": 1, "answered": 0}
    assert counts.pop("Level 2: words about suicide or about hurting themselves") == (once, once)
    assert counts.pop("Level 4: words about a plan, a time, a goodbye or an attempt under way") == (never, only_opened)
    assert counts.pop("Loss and grief") == (never, only_opened)
    assert counts.pop("Suicide and self-harm") == (once, once)
    assert counts == {}


def test_it_is_the_own_count_and_nobody_elses(wren: Any, client: Client, cast: Cast) -> None:
    opened(cast.robin, 4)
    assert client.get("/care/").context["read"] == []
    assert "You opened no post" in read(client.get("/care/"))
    assert not TalkRequest.objects.exists()
