"""The person's final words are screened too; held words leave only when a person approved them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from assistant import actions, runner
from assistant.models import Draft, Post, Reply, Suggestion
from webapp import test as build
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db


def send(client: Client, draft: Draft, text: str = build.KIND_DRAFT, base: int = 1) -> Any:
    return client.post(f"/drafts/{draft.id}/send", {"text": text, "base": base})


@pytest.fixture
def draft(cast: Cast, client: Client) -> Draft:
    client.force_login(cast.wren)
    return build.draft(cast.wren)


def test_a_kind_reply_is_sent(draft: Draft, client: Client) -> None:
    assert send(client, draft).status_code == 302
    reply = Reply.objects.get()
    assert (reply.status, reply.text) == ("sent", build.KIND_DRAFT)
    assert Post.objects.get().status == "answered"


def test_the_last_words_are_what_is_sent(draft: Draft, client: Client) -> None:
    send(client, draft, text=build.KIND_DRAFT + " I am here.")
    assert Reply.objects.get().text.endswith("I am here.")


def test_a_hurtful_reply_is_held_with_a_flag(draft: Draft, client: Client) -> None:
    from moderation.models import Flag

    send(client, draft, text=build.HURTFUL_REPLY)
    assert Reply.objects.get().status == "held"
    assert Flag.objects.get().reply == Reply.objects.get()


def test_a_number_that_is_not_in_the_book_is_held(draft: Draft, client: Client) -> None:
    send(client, draft, text=build.KIND_DRAFT + " You can ring 0800 555 0199 any time.")
    assert Reply.objects.get().status == "held"


def test_a_second_click_sends_nothing_more(draft: Draft, client: Client) -> None:
    send(client, draft)
    assert send(client, draft).status_code == 409
    assert Reply.objects.count() == 1


def test_a_stale_page_sends_nothing_and_keeps_what_was_typed(draft: Draft, client: Client) -> None:
    actions.save_revision(draft, text="newer words from another window", base=1)
    answer = send(client, draft, text="older words from this window", base=1)
    assert answer.status_code == 409
    assert "older words from this window" in answer.content.decode()
    assert Reply.objects.count() == 0


def test_somebody_else_answered_meanwhile(draft: Draft, client: Client, cast: Cast) -> None:
    Post.objects.update(status="answered")
    answer = send(client, draft)
    assert answer.status_code == 409
    assert Reply.objects.count() == 0
    assert Draft.objects.get().status == "writing"


def test_an_empty_reply_is_refused_in_words(draft: Draft, client: Client) -> None:
    answer = send(client, draft, text="   ")
    assert answer.status_code == 422
    assert "at least one word" in answer.content.decode()


def test_the_database_itself_refuses_to_send_held_words_without_approval(draft: Draft, client: Client) -> None:
    send(client, draft, text=build.HURTFUL_REPLY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.update(status="sent")


def test_a_held_reply_can_be_taken_back_and_written_on(draft: Draft, client: Client) -> None:
    send(client, draft, text=build.HURTFUL_REPLY)
    reply = Reply.objects.get()
    client.post(f"/replies/{reply.id}/take-back")
    send(client, draft, text=build.KIND_DRAFT, base=2)
    assert sorted(Reply.objects.values_list("status", flat=True)) == ["sent", "taken_back"]


def test_own_words_alone_have_no_model_share(draft: Draft, client: Client) -> None:
    send(client, draft)
    assert Reply.objects.get().model_share == 0.0


@pytest.mark.django_db(transaction=True)
def test_what_was_accepted_counts_as_the_models(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    job = build.job(draft)
    runner.run_job(job.id, engine=FakeEngine().will_say(build.KIND_REVISION))
    suggestion = Suggestion.objects.get()
    change = next(change for change in actions.changes_of(suggestion) if change.kind != "keep")
    # As a browser without scripts sends it: the server makes the change.
    answer = client.post(
        f"/suggestions/{suggestion.id}/changes/{change.index}",
        {"verdict": "accepted", "text": build.KIND_DRAFT, "base": 1},
    )
    assert answer.status_code == 302
    head = build.head_of(Draft.objects.get())
    assert head.text == build.KIND_REVISION
    send(client, draft, text=head.text, base=head.number)
    share = Reply.objects.get().model_share
    assert 0.05 < share < 0.4


@pytest.mark.django_db(transaction=True)
def test_undo_brings_the_own_words_back_as_own_words(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    runner.run_job(build.job(draft).id, engine=FakeEngine().will_say(build.KIND_REVISION))
    suggestion = Suggestion.objects.get()
    index = next(change.index for change in actions.changes_of(suggestion) if change.kind != "keep")
    url = f"/suggestions/{suggestion.id}/changes/{index}"
    client.post(url, {"verdict": "accepted", "text": build.KIND_DRAFT, "base": 1})
    client.post(url, {"verdict": "undone", "text": build.KIND_REVISION, "base": 2})
    head = build.head_of(Draft.objects.get())
    assert head.text == build.KIND_DRAFT
    send(client, draft, text=head.text, base=head.number)
    assert Reply.objects.get().model_share == 0.0


@pytest.mark.django_db(transaction=True)
def test_a_change_whose_sentence_was_rewritten_is_set_aside(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    runner.run_job(build.job(draft).id, engine=FakeEngine().will_say(build.KIND_REVISION))
    suggestion = Suggestion.objects.get()
    index = next(change.index for change in actions.changes_of(suggestion) if change.kind != "keep")
    text = build.KIND_DRAFT.replace("What do you like to cook?", "I would love to hear about your kitchen.")
    answer = client.post(
        f"/suggestions/{suggestion.id}/changes/{index}", {"verdict": "accepted", "text": text, "base": 1}
    )
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "no longer fits" in page
    assert "I would love to hear about your kitchen." in page


@pytest.mark.django_db(transaction=True)
def test_undo_of_a_kept_sentence_changes_no_words(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    runner.run_job(build.job(draft).id, engine=FakeEngine().will_say(build.KIND_REVISION))
    suggestion = Suggestion.objects.get()
    index = next(change.index for change in actions.changes_of(suggestion) if change.kind != "keep")
    for verdict in ("kept", "undone"):
        client.post(
            f"/suggestions/{suggestion.id}/changes/{index}", {"verdict": verdict, "text": build.KIND_DRAFT, "base": 1}
        )
    assert build.head_of(draft).text == build.KIND_DRAFT
    assert actions.verdicts_of(suggestion) == {}
