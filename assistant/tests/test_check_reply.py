"""A writer asks what the checks find before sending: told plainly, with the source, and nothing is kept of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.models import AuditEvent, Draft, DraftRevision, Finding, Post, Reply
from moderation.models import Flag
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db

HELD = "A moderator would read it before it leaves"
WEIGH = "For you to weigh"
ANSWERED = (
    "Everything will be fine, you will see. I have often sat at the window like that after moving to another town."
)


@pytest.fixture
def draft(cast: Cast, client: Client) -> Draft:
    client.force_login(cast.wren)
    return build.draft(cast.wren)


def check(client: Client, draft: Draft, text: str, *, script: bool = True, base: int = 1) -> Any:
    headers = {"HX-Request": "true"} if script else {}
    return client.post(f"/drafts/{draft.id}/check", {"text": text, "base": base}, headers=headers)


def test_it_says_what_would_hold_the_reply_and_on_what_that_rests(client: Client, draft: Draft) -> None:
    words = build.read(check(client, draft, build.HURTFUL_REPLY))
    sent = client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    assert sent.status_code == 302
    assert Reply.objects.get().status == Reply.Status.HELD
    assert HELD in words
    for finding in Finding.objects.filter(reply=Reply.objects.get(), severity=3):
        assert finding.reason in words
    assert "#chatsafe 2.0 (Orygen)" in words or "NSPA 2016" in words


def test_a_hint_is_for_the_writer_alone_and_quotes_the_words(client: Client, draft: Draft) -> None:
    answer = check(client, draft, ANSWERED)
    words = build.read(answer)
    assert WEIGH in words
    assert HELD not in words
    assert "<q>" in answer.content.decode()


def test_where_nothing_is_found_it_promises_nothing(client: Client, draft: Draft) -> None:
    words = build.read(check(client, draft, build.KIND_DRAFT))
    assert (
        words == "The checks found nothing to point out. They do not know whether it helps; that is for you to judge."
    )


def test_nothing_is_stored_and_nobody_is_told(client: Client, draft: Draft) -> None:
    def rows() -> list[int]:
        return [model.objects.count() for model in (Reply, Finding, Flag, AuditEvent, DraftRevision)]

    before = rows()
    for script in (True, False):
        assert check(client, draft, build.HURTFUL_REPLY, script=script).status_code == 200
    assert rows() == before


def test_without_our_script_the_page_comes_back_with_the_words_and_where_they_started(
    client: Client, draft: Draft
) -> None:
    page = check(client, draft, "Words that <b>nobody</b> stored.", script=False, base=0).content.decode()
    assert "Words that &lt;b&gt;nobody&lt;/b&gt; stored." in page
    assert 'name="base" value="0"' in page
    assert "data-unsaved" in page
    assert "The checks found nothing" in page or WEIGH in page


def test_the_words_it_quotes_are_no_markup(client: Client, draft: Draft) -> None:
    page = check(client, draft, "Ring <script>0199 555 0142</script> whenever it gets dark.").content.decode()
    assert "0199 555 0142" in page
    assert "<script>" not in page


@pytest.mark.parametrize("script", [True, False])
def test_an_empty_reply_is_told_so(client: Client, draft: Draft, script: bool) -> None:
    answer = check(client, draft, "  ", script=script)
    assert answer.status_code == (200 if script else 422)
    assert "Write at least one word." in answer.content.decode()


def test_what_the_level_of_the_post_asks_for_is_said_beforehand(client: Client, draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(level=2, tier="review")
    words = build.read(check(client, draft, "I hear how heavy this is. Tell me more about the evenings if you like."))
    assert "names no helpline or emergency service" in words


def test_what_is_checked_is_the_whole_text_with_its_post(cast: Cast, client: Client) -> None:
    """The small model of replies is asked as well."""
    client.force_login(cast.wren)
    hateful = "They are all thieves in that country. I hate them, every one of them should be thrown out."
    draft = build.draft(cast.wren, post_text=hateful)
    assert "It would leave, and a moderator would look at it" in build.read(
        check(client, draft, "You're right, I agree.")
    )


def test_a_stranger_is_told_nothing(cast: Cast, client: Client, draft: Draft) -> None:
    client.force_login(cast.robin)
    assert check(client, draft, build.HURTFUL_REPLY).status_code == 404
