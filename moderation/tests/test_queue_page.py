"""The queue: whoever may be in danger first, longest waiting first, nothing hidden, nothing for strangers."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.actions import send_reply
from assistant.models import AuditEvent, Finding
from assistant.safety.types import Severity
from moderation.flagged import EXCERPT, excerpt
from moderation.models import Flag
from moderation.queue import PAGE
from moderation.reviews import place_of
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


def test_whoever_may_be_in_danger_comes_before_what_is_only_held(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    held = Flag.objects.get(reply__isnull=False)
    wishes, passive, worry = (Flag.objects.get(post=build.post(build.WORRYING_POST)) for _ in range(3))
    Flag.objects.filter(id=wishes.id).update(level=2)
    Flag.objects.filter(id=passive.id).update(level=1)
    Flag.objects.filter(id=worry.id).update(level=0, severity=Severity.HOLD)  # somebody said that it cannot wait
    client.force_login(cast.ash)
    assert order(client) == [str(flag.id) for flag in (worry, wishes, held, passive)]


def test_reviews_are_put_where_the_database_would_put_them() -> None:
    for level, severity in product(range(5), Severity):
        post = build.post(build.WORRYING_POST)
        Flag.objects.filter(post=post).update(level=level, severity=severity)
    flags = list(Flag.objects.open().in_order())
    assert len(flags) == 15
    assert sorted(flags, key=place_of) == flags


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


def test_an_excerpt_is_made_of_whole_words(cast: Cast, client: Client) -> None:
    text = "The weather was extraordinarily beautiful. " * 9 + build.URGENT_POST + " Nobody here understands it. " * 9
    build.post(text)
    client.force_login(cast.ash)
    words = "".join(piece["text"] for piece in client.get("/moderation/").context["flags"][0]["marked"]).split()
    assert words[0] == words[-1] == "…"
    assert set(words[1:-1]) <= set(text.split())


def test_a_text_without_spaces_has_an_excerpt_of_the_usual_length() -> None:
    text = "我" * 500
    assert [len(piece["text"]) for piece in excerpt(text, [])] == [2 * EXCERPT + 2]
    here = Finding(start=250, end=255)
    assert [len(piece["text"]) for piece in excerpt(text, [here])] == [EXCERPT + 2, 5, EXCERPT + 2]


def test_every_open_flag_is_reached_page_by_page_and_each_once(cast: Cast, client: Client) -> None:
    for number in range(2 * PAGE + 3):
        flag = Flag.objects.get(post=build.post(build.URGENT_POST))
        Flag.objects.filter(id=flag.id).update(level=number % 5, severity=2 + number % 2)
    moment = timezone.now() - timedelta(hours=1)
    Flag.objects.filter(level=3).update(opened_at=moment)  # then only the id tells them apart
    client.force_login(cast.ash)
    seen: list[str] = []
    query = ""
    while True:
        page = client.get(f"/moderation/?{query}")
        assert len(page.context["flags"]) <= PAGE
        seen += [str(row["id"]) for row in page.context["flags"]]
        query = page.context["more_query"]
        if not query:
            break
    assert "Back to the most urgent" in build.read(page)
    assert seen == [str(key) for key in Flag.objects.open().in_order().values_list("id", flat=True)]


def test_the_rows_reach_as_far_as_the_page_that_asks_for_them(cast: Cast, client: Client) -> None:
    for _ in range(PAGE + 5):
        build.post(build.WORRYING_POST)
    last = list(Flag.objects.open().in_order())[PAGE + 3]
    Flag.objects.filter(id=last.id).update(status="decided")  # it names a place all the same
    client.force_login(cast.ash)
    assert len(order(client)) == PAGE
    rows = client.get("/moderation/rows", {"upto": str(last.id)}).context["flags"]
    assert len(rows) == PAGE + 3


def test_a_row_says_by_when_it_is_due_and_orders_nothing_by_it(cast: Cast, client: Client) -> None:
    urgent, worrying = (Flag.objects.get(post=build.post(text)) for text in (build.URGENT_POST, build.WORRYING_POST))
    Flag.objects.filter(id=urgent.id).update(level=4)  # five minutes
    Flag.objects.filter(id=worrying.id).update(level=2, opened_at=timezone.now() - timedelta(minutes=37, seconds=5))
    client.force_login(cast.ash)
    assert order(client) == [str(urgent.id), str(worrying.id)]
    page = build.read(client.get("/moderation/"))
    assert "due in 4 min" in page
    assert "7 min over" in page
    Flag.objects.update(level=0)
    assert "due in" not in build.read(client.get("/moderation/"))


def test_each_look_at_the_rows_is_on_the_record_and_a_live_page_adds_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    client.get("/moderation/")  # nothing to read
    for _ in range(2):
        build.post(build.URGENT_POST)
    client.get("/moderation/")
    for _ in range(3):
        assert "pills" in build.read(client.get("/moderation/rows"))
    looks = AuditEvent.objects.filter(action="queue.viewed")
    assert list(looks.values_list("actor", "code")) == [(str(cast.ash.pk), "2 rows")]


def test_the_page_costs_the_same_however_many_rows_it_has(
    cast: Cast, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.birch)  # who sees the sample, too
    for number in range(12):
        build.post(build.URGENT_POST)
        if number == 1:
            client.get("/moderation/")
            with CaptureQueriesContext(connection) as captured:
                client.get("/moderation/")
            few = len(captured)
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    client.get("/moderation/")  # the first page that shows an alert notes that it arrived
    with django_assert_max_num_queries(few + 1):  # the findings of replies
        assert len(client.get("/moderation/").context["flags"]) == 13
    assert few < 22
