"""Every state of a draft can be looked at again and brought back, by whoever wrote it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions, history
from assistant.models import AuditEvent, Draft, DraftRevision
from webapp import test as build
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db

FIRST = "That sounds like a long and lonely year. I read it twice."
SECOND = "That sounds like a long year. I read it twice, and I am glad that you wrote."


def written(author: Any, *texts: str, apart: timedelta = timedelta(minutes=5)) -> Draft:
    """A draft that was saved with these texts, so far apart."""
    draft = build.draft(author, text="")
    began = timezone.now() - apart * len(texts)
    for number, text in enumerate(texts, start=1):
        actions.save_revision(draft, text=text, base=number - 1)
        DraftRevision.objects.filter(draft=draft, number=number).update(saved_at=began + apart * number)
    return Draft.objects.get(id=draft.id)


def restore(client: Client, draft: Draft, number: int, base: int) -> Any:
    return client.post(f"/drafts/{draft.id}/history/{number}/restore", {"base": base})


def test_an_earlier_revision_comes_back_as_the_newest_and_nothing_goes(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    client.force_login(cast.wren)
    assert restore(client, draft, 1, base=2).status_code == 302
    head = build.head_of(Draft.objects.get(id=draft.id))
    assert (head.number, head.text, head.origin) == (3, FIRST, "restored")
    assert [row.text for row in draft.revisions.order_by("number")] == [FIRST, SECOND, FIRST]
    assert AuditEvent.objects.filter(action="draft.restored", code="1").exists()
    assert "Revision 1 is back" in read(client.get(f"/drafts/{draft.id}/"))


def test_whose_words_they_are_comes_back_too(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    suggestion = build.suggestion(draft)
    changes = [change for change in actions.changes_of(suggestion) if change.kind != "keep"]
    used = actions.decide_change(
        suggestion, draft=draft, index=changes[0].index, verdict="accepted", text=build.KIND_DRAFT, base=1,
        applied=False, by=cast.wren,
    )  # fmt: skip
    assert used.model_spans
    typed, _ = actions.save_revision(draft, text="All of it anew, by hand.", base=used.number)
    assert not typed.model_spans
    back = actions.restore_revision(draft, revision=used, base=typed.number, by=cast.wren)
    assert (back.text, back.model_spans) == (used.text, used.model_spans)


def test_a_page_that_is_behind_restores_nothing(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    client.force_login(cast.wren)
    answer = restore(client, draft, 1, base=1)
    assert answer.status_code == 409
    assert "changed in another window" in read(answer)
    assert Draft.objects.get(id=draft.id).last_number == 2


def test_restoring_twice_is_one_restoring(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    client.force_login(cast.wren)
    restore(client, draft, 1, base=2)
    assert restore(client, draft, 1, base=2).status_code == 409
    assert Draft.objects.get(id=draft.id).last_number == 3


def test_what_was_sent_can_be_looked_at_and_not_changed(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    client.force_login(cast.wren)
    assert "Bring revision 1 back" not in read(client.get(f"/drafts/{draft.id}/history/1"))
    assert restore(client, draft, 1, base=2).status_code == 409


@pytest.mark.parametrize("address", ["history", "history/1", "history/1/restore"])
def test_a_stranger_finds_nothing(cast: Cast, client: Client, address: str) -> None:
    draft = written(cast.wren, FIRST)
    client.force_login(cast.robin)
    answer = (
        client.post(f"/drafts/{draft.id}/{address}")
        if "restore" in address
        else client.get(f"/drafts/{draft.id}/{address}")
    )
    assert answer.status_code == 404


def test_a_revision_that_never_was_is_not_found(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST)
    client.force_login(cast.wren)
    assert client.get(f"/drafts/{draft.id}/history/9").status_code == 404
    assert restore(client, draft, 9, base=1).status_code == 404
    assert client.post(f"/drafts/{draft.id}/history/1/restore", {"base": "x"}).status_code == 400


def test_the_page_shows_what_would_come_and_go(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    client.force_login(cast.wren)
    page = read(client.get(f"/drafts/{draft.id}/history/1"))
    assert "[added: and lonely" in page
    assert "[removed: , and I am glad that you wrote" in page


def test_typing_without_a_longer_pause_is_one_step(cast: Cast) -> None:
    draft = written(cast.wren, "That", "That sounds", FIRST, apart=timedelta(seconds=5))
    assert [step.number for step in history.steps_of(draft)] == [3]
    assert [step.number for step in history.steps_of(written(cast.wren, FIRST, SECOND))] == [2, 1]


def test_what_stood_there_before_a_suggestion_was_used_is_a_step(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    actions.save_revision(draft, text=f"{build.KIND_DRAFT} More.", base=1, origin="accepted", accepted=" More.")
    assert [(step.number, step.what) for step in history.steps_of(draft)] == [
        (2, "A suggestion used"),
        (1, "You wrote"),
    ]


def test_what_a_window_that_was_behind_had_is_a_step(cast: Cast) -> None:
    draft = written(cast.wren, FIRST, SECOND)
    actions.save_revision(draft, text="Words of the other window.", base=1)
    newest = history.steps_of(Draft.objects.get(id=draft.id))[0]
    assert (newest.opening, newest.is_head) == ("Words of the other window.", False)
    assert newest.what.startswith("Kept aside")


def test_a_page_cannot_say_that_it_restored(cast: Cast, client: Client) -> None:
    draft = written(cast.wren, FIRST)
    client.force_login(cast.wren)
    fields = {"text": SECOND, "base": 1, "origin": "restored"}
    assert client.post(f"/drafts/{draft.id}/save", fields, headers={"Accept": "application/json"}).status_code == 400
