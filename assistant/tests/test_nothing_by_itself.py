"""What the model writes reaches nobody by itself, and how a change is read by who does not see colours."""

from __future__ import annotations

import pytest
from django.test import Client

from assistant import actions
from assistant.models import Draft, Reply
from moderation.models import Flag
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def test_a_draft_of_used_changes_is_sent_by_nobody_but_its_writer(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    made = build.suggestion(draft)
    client.force_login(cast.wren)
    for change in actions.changes_of(made):
        if change.kind != "keep":
            head = build.head_of(draft)
            fields = {"verdict": "accepted", "text": head.text, "base": head.number}
            client.post(f"/suggestions/{made.id}/changes/{change.index}", fields)
            draft.refresh_from_db()
    assert build.head_of(draft).text == build.KIND_REVISION
    client.get(f"/drafts/{draft.id}/")
    assert not Reply.objects.exists()
    assert Draft.objects.get(id=draft.id).is_open
    head = build.head_of(draft)
    client.post(f"/drafts/{draft.id}/send", {"text": head.text, "base": head.number})
    assert Reply.objects.get().text == build.KIND_REVISION


def test_what_comes_and_what_goes_is_marked_in_words_beside_the_colour(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    build.suggestion(draft)
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{draft.id}/").content.decode()
    assert '<del><bdi class="unseen"> [removed: </bdi>like to cook<span class="unseen">] </span></del>' in page
    assert '<ins><bdi class="unseen"> [added: </bdi>cook for a friend<span class="unseen">] </span></ins>' in page


def test_reporting_a_suggestion_puts_it_before_a_moderator(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    made = build.suggestion(draft)
    client.force_login(cast.wren)
    page = build.read(client.post(f"/suggestions/{made.id}/report", follow=True))
    assert "A moderator has been asked to look at this suggestion." in page
    assert Flag.objects.get(suggestion=made).is_open
    client.force_login(cast.ash)
    rows = client.get("/moderation/").context["flags"]
    assert [str(row["id"]) for row in rows] == [str(Flag.objects.get(suggestion=made).id)]
