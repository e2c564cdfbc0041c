"""A supporter's own worry: one click, raised and never lowered, nothing of the draft lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from assistant import actions, triage
from assistant.models import AuditEvent, Draft, Post, Worry
from assistant.vault.keys import CaseErased
from moderation.actions import add_shift, say_out_of_hours
from moderation.models import Flag
from webapp import test as build
from webapp.privacy import erase_post
from webapp.test import Cast

pytestmark = pytest.mark.django_db

NOTE = "She wrote the same last week and then went quiet."


@pytest.fixture
def draft(cast: Cast, client: Client) -> Draft:
    client.force_login(cast.wren)
    return build.draft(cast.wren)


def worry(client: Client, draft: Draft, *, htmx: bool = False, **fields: Any) -> Any:
    return client.post(f"/drafts/{draft.id}/worry", fields, headers={"HX-Request": "true"} if htmx else {})


def test_one_click_opens_a_flag_and_raises_the_post(draft: Draft, client: Client, cast: Cast) -> None:
    assert worry(client, draft).status_code == 302
    flag = Flag.objects.get()
    assert (flag.raised_by, flag.codes, flag.severity) == (cast.wren, [triage.WORRIED], 2)
    post = Post.objects.get()
    assert (post.tier, post.status) == ("review", "waiting")
    assert AuditEvent.objects.get(action="post.worried").outcome == "review"


def test_what_cannot_wait_is_urgent_and_stays_with_its_supporter(draft: Draft, client: Client, cast: Cast) -> None:
    worry(client, draft, now="1", note=NOTE)
    assert Flag.objects.get().severity == 3
    post = Post.objects.get()
    assert (post.tier, post.status, post.leased_by) == ("urgent", "waiting", cast.wren)
    assert client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": 1}).status_code == 302


def test_the_second_click_changes_nothing(draft: Draft, client: Client) -> None:
    worry(client, draft, note=NOTE)
    events = AuditEvent.objects.count()
    worry(client, draft, note=NOTE)
    worry(client, draft)
    assert (Flag.objects.count(), Worry.objects.count(), AuditEvent.objects.count()) == (1, 1, events)


def test_saying_that_it_cannot_wait_raises_the_same_flag_and_nothing_lowers_it(draft: Draft, client: Client) -> None:
    worry(client, draft)
    worry(client, draft, now="1")
    worry(client, draft, note=NOTE)
    assert Flag.objects.get().severity == 3
    assert Post.objects.get().tier == "urgent"
    assert [(row.now, row.note) for row in Worry.objects.order_by("at")] == [(False, ""), (True, ""), (False, NOTE)]


def test_a_worry_after_the_decision_is_a_new_flag(draft: Draft, client: Client) -> None:
    worry(client, draft)
    Flag.objects.update(status="decided")
    worry(client, draft)
    assert sorted(Flag.objects.values_list("status", flat=True)) == ["decided", "open"]


def test_two_supporters_who_worry_are_two_flags(draft: Draft, cast: Cast) -> None:
    actions.worry(draft.post, by=cast.wren)
    actions.worry(draft.post, by=cast.robin)
    assert Flag.objects.count() == 2


def test_moderators_read_the_note_and_nobody_finds_it_in_the_database(draft: Draft, client: Client, cast: Cast) -> None:
    worry(client, draft, note=NOTE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM assistant_worry")
        assert NOTE.encode() not in bytes(cursor.fetchone()[0])
    client.force_login(cast.ash)
    page = build.read(client.get(f"/moderation/flags/{Flag.objects.get().id}/"))
    assert NOTE in page
    erase_post(draft.post)
    with pytest.raises(CaseErased):
        _ = Worry.objects.get().note


def test_without_our_script_the_draft_comes_along_and_is_saved(draft: Draft, client: Client) -> None:
    text = build.KIND_DRAFT + " One more line."
    answer = worry(client, draft, text=text, base=draft.head_number, note=NOTE)
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert build.head_of(draft).text == text


def test_a_draft_that_cannot_be_saved_comes_back_and_the_worry_counts(draft: Draft, client: Client) -> None:
    actions.save_revision(draft, text="newer words from another window", base=1)
    answer = worry(client, draft, text="older words from this window", base=1)
    assert answer.status_code == 422
    assert "older words from this window" in answer.content.decode()
    assert Flag.objects.count() == 1


def test_a_note_that_is_too_long_comes_back_and_the_worry_counts(draft: Draft, client: Client) -> None:
    note = "so worried " * settings.MAX_WORRY
    answer = worry(client, draft, note=note)
    assert answer.status_code == 422
    assert note in answer.content.decode()
    assert "A moderator left a note" not in answer.content.decode()
    assert (Flag.objects.count(), Worry.objects.get().note) == (1, "")


def test_with_our_script_only_the_button_changes_and_the_text_stays_on_the_page(draft: Draft, client: Client) -> None:
    answer = client.post(f"/drafts/{draft.id}/worry", {"note": NOTE}, headers={"HX-Request": "true"})
    said = answer.content.decode()
    assert "You asked for a look" in said
    assert "<html" not in said
    assert "reply-text" not in said


def test_a_reply_that_was_sent_still_has_the_button(draft: Draft, client: Client) -> None:
    sent = client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": 1}).headers["Location"]
    assert "I am worried about this person" in client.get(sent).content.decode()
    assert worry(client, draft).headers["Location"] == sent
    assert "You asked for a look" in client.get(sent).content.decode()


def test_a_worry_brings_the_helplines_of_the_country(cast: Cast, client: Client, draft: Draft) -> None:
    Post.objects.update(country="IE")
    assert "116 123" not in build.read(client.get(f"/drafts/{draft.id}/"))
    worry(client, draft)
    assert "116 123" in build.read(client.get(f"/drafts/{draft.id}/"))


# Nobody is on duty


ALONE = "Nobody is on duty who could take this over right now."


def on_duty(person: Any) -> None:
    now = timezone.now()
    times: dict[str, Any] = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=3), "weeks": 1}
    add_shift(person=person, line="lead", place=1, by=person, **times)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_cannot_wait_says_at_once_that_nobody_is_on_duty_and_whom_to_name(
    client: Client, cast: Cast, level: int
) -> None:
    say_out_of_hours("Somebody is here from six. Ring the office before that.", by=cast.birch)
    draft = build.draft(cast.wren, level=level)
    Post.objects.filter(id=draft.post_id).update(country="IE")
    client.force_login(cast.wren)
    assert ALONE not in worry(client, draft, htmx=True).content.decode()
    part = build.read(worry(client, draft, htmx=True, now="1"))
    for said in (ALONE, "Ring the office before that.", "116 123"):
        assert said in part, said
    page = client.get(f"/drafts/{draft.id}/").content.decode()
    assert page.count('id="nobody-on-duty"') == 1
    assert page.count('class="helplines"') == 1


def test_without_a_known_country_the_emergency_number_of_where_they_are_is_named(draft: Draft, client: Client) -> None:
    assert "The emergency number of where they are" in build.read(worry(client, draft, htmx=True, now="1"))


def test_while_a_lead_is_on_duty_the_worry_says_nothing_of_it(draft: Draft, client: Client, cast: Cast) -> None:
    on_duty(cast.birch)
    assert ALONE not in worry(client, draft, htmx=True, now="1").content.decode()


def test_at_the_levels_whose_page_says_it_anyway_it_is_said_once(client: Client, cast: Cast) -> None:
    draft = build.draft(cast.wren, level=3)
    client.force_login(cast.wren)
    assert ALONE not in worry(client, draft, htmx=True, now="1").content.decode()
    assert client.get(f"/drafts/{draft.id}/").content.decode().count('id="nobody-on-duty"') == 1
