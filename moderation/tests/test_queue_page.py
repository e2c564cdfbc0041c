"""The queue: most severe first, longest waiting first, nothing hidden, nothing for strangers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from moderation.models import Flag
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def order(client: Client) -> list[str]:
    return [str(row["id"]) for row in client.get("/moderation/").context["flags"]]


def test_the_most_severe_comes_first_then_the_longest_waiting(cast: Cast, client: Client) -> None:
    build.post(build.WORRYING_POST)
    build.post(build.URGENT_POST)
    build.post(build.URGENT_POST + " I mean it.")
    newest = Flag.objects.latest("opened_at")
    Flag.objects.filter(id=newest.id).update(opened_at=timezone.now() - timedelta(hours=3))
    client.force_login(cast.ash)
    shown = order(client)
    assert shown[0] == str(newest.id)
    assert Flag.objects.get(id=shown[-1]).severity == 2
    assert len(shown) == 3


def test_of_two_urgent_posts_the_higher_level_comes_first_however_long_the_other_waited(
    cast: Cast, client: Client
) -> None:
    older, higher = (Flag.objects.get(post=build.post(build.URGENT_POST)) for _ in range(2))
    Flag.objects.filter(id=older.id).update(opened_at=timezone.now() - timedelta(hours=3), level=2)
    Flag.objects.filter(id=higher.id).update(level=4)
    client.force_login(cast.ash)
    assert order(client) == [str(higher.id), str(older.id)]
    assert "Level 4" in client.get("/moderation/rows").content.decode()


def test_a_flag_takes_the_level_of_its_post(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY, level=3)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": draft.head_number})
    assert Flag.objects.get(reply__isnull=False).level == 3


def test_a_post_that_a_supporter_worries_about_is_in_the_queue(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/worry")
    client.force_login(cast.ash)
    row = client.get("/moderation/").context["flags"][0]
    assert row["reasons"][0] == "A supporter worries about this person."


def test_the_rows_alone_are_the_same_rows(cast: Cast, client: Client) -> None:
    build.post(build.URGENT_POST)
    client.force_login(cast.ash)
    assert str(Flag.objects.get().id) in client.get("/moderation/rows").content.decode()


@pytest.mark.parametrize("show", ["", "posts", "replies", "suggestions", "reported", "samples", "nonsense"])
def test_filters_only_narrow(cast: Cast, client: Client, show: str) -> None:
    build.post(build.URGENT_POST)
    client.force_login(cast.ash)
    page = client.get("/moderation/", {"show": show})
    assert page.status_code == 200
    assert len(page.context["flags"]) == (1 if show in ("", "posts", "nonsense") else 0)


def test_strangers_and_supporters_see_nothing(cast: Cast, client: Client) -> None:
    build.post(build.URGENT_POST)
    flag = Flag.objects.get()
    for person in (cast.stranger, cast.wren, cast.willow):
        client.force_login(person)
        assert client.get("/moderation/").status_code == 403
        assert client.get(f"/moderation/flags/{flag.id}/").status_code == 403


def test_what_decided_is_marked(cast: Cast, client: Client) -> None:
    build.post("The weather was fine. " * 30 + build.URGENT_POST)
    client.force_login(cast.ash)
    marked = [piece["text"] for piece in client.get("/moderation/").context["flags"][0]["marked"] if piece["mark"]]
    assert marked
    assert all(piece.strip() for piece in marked)


def test_a_seeker_in_danger_comes_before_an_older_unkind_reply(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    build.post(build.URGENT_POST)
    client.force_login(cast.ash)
    assert order(client)[0] == str(Flag.objects.get(post__isnull=False).id)
