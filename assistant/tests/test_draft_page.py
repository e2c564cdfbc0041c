"""Posts are leased, drafts are saved as numbered revisions, nothing that was typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import Draft, DraftRevision, Post
from assistant.worker_state import Help
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


def save(client: Client, draft: Draft, text: str, base: int, **fields: Any) -> Any:
    return client.post(f"/drafts/{draft.id}/save", {"text": text, "base": base, **fields}, headers=JSON)


def test_the_next_person_is_who_waits_longest(cast: Cast, client: Client) -> None:
    now = timezone.now()
    build.post("I came second.", received_at=now)
    first = build.post("I came first.", received_at=now - timedelta(hours=1))
    client.force_login(cast.wren)
    client.post("/posts/next")
    assert Draft.objects.get(author=cast.wren).post == first


def test_two_supporters_never_get_the_same_post(cast: Cast, client: Client) -> None:
    build.post()
    client.force_login(cast.wren)
    client.post("/posts/next")
    client.force_login(cast.robin)
    client.post("/posts/next")
    assert Draft.objects.count() == 1


def test_a_second_click_goes_on_with_the_same_post(cast: Cast, client: Client) -> None:
    build.post()
    build.post()
    client.force_login(cast.wren)
    client.post("/posts/next")
    client.post("/posts/next")
    assert Draft.objects.count() == 1


def test_a_lease_that_ran_out_goes_to_somebody_else(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    Post.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    client.force_login(cast.robin)
    client.post("/posts/next")
    assert Draft.objects.get(author=cast.robin).post == draft.post


def test_saving_renews_the_lease(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    Post.objects.update(leased_until=timezone.now() + timedelta(seconds=5))
    client.force_login(cast.wren)
    save(client, draft, "some more words", 1)
    assert Post.objects.filter(leased_until__gt=timezone.now() + timedelta(minutes=10)).exists()


def test_a_post_that_was_given_back_does_not_come_again(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/give-back")
    client.post("/posts/next")
    assert Draft.objects.filter(status=Draft.Status.WRITING).count() == 0
    client.force_login(cast.robin)
    client.post("/posts/next")
    assert Draft.objects.get(author=cast.robin).post == draft.post


def test_of_a_reply_that_was_sent_no_suggestion_is_announced(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.screens.writing.help_state", lambda *_: Help(available=True))
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    announced = "When you ask for it, a revision of your draft appears here"
    assert announced in build.read(client.get(f"/drafts/{draft.id}/"))
    client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": 1})
    assert announced not in build.read(client.get(f"/drafts/{draft.id}/"))


def test_a_held_post_is_handed_to_nobody(cast: Cast, client: Client) -> None:
    build.post(build.URGENT_POST)
    client.force_login(cast.wren)
    client.post("/posts/next")
    assert Draft.objects.count() == 0


def test_every_save_is_the_next_revision(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text="")
    client.force_login(cast.wren)
    numbers = [save(client, draft, f"state {number}", number).json()["revision"] for number in range(3)]
    assert numbers == [1, 2, 3]
    assert [row.text for row in DraftRevision.objects.order_by("number")] == ["state 0", "state 1", "state 2"]


def test_saving_the_same_text_adds_nothing(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    assert save(client, draft, build.KIND_DRAFT, 1).json()["revision"] == 1
    assert DraftRevision.objects.count() == 1


def test_a_save_reads_and_decrypts_what_was_suggested_once(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    build.suggestion(draft)
    client.force_login(cast.wren)
    with CaptureQueriesContext(connection) as queries:
        assert save(client, draft, "some more words", 1).json()["revision"] == 2
    read = [query["sql"] for query in queries if 'FROM "assistant_suggestion" ' in query["sql"]]
    assert len(read) == 1, read


def test_a_stale_page_is_told_and_both_texts_are_kept(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    save(client, draft, "from the first window", 1)
    answer = save(client, draft, "from the second window", 1)
    assert answer.status_code == 409
    assert answer.json()["error"] == "newer"
    assert answer.json()["text"] == "from the first window"
    texts = {row.text: row.branched for row in DraftRevision.objects.all()}
    assert texts["from the second window"] is True
    assert build.head_of(Draft.objects.get()).text == "from the first window"


def test_the_stale_page_can_go_on_with_its_own_text(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    save(client, draft, "from the first window", 1)
    newer = save(client, draft, "from the second window", 1).json()["revision"]
    assert save(client, draft, "from the second window", newer).status_code == 200
    assert build.head_of(Draft.objects.get()).text == "from the second window"


def test_line_ends_are_stored_one_way(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    save(client, draft, "one\r\ntwo\rthree", 1)
    assert build.head_of(Draft.objects.get()).text == "one\ntwo\nthree"


def test_a_save_without_a_text_is_refused_and_the_draft_stays(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    answer = client.post(f"/drafts/{draft.id}/save", {"base": 1}, headers=JSON)
    assert answer.status_code == 400
    assert build.head_of(draft).text == build.KIND_DRAFT


def test_the_page_shows_the_post_and_the_draft(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{draft.id}/").content.decode()
    assert build.CALM_POST in page
    assert "remember how quiet" in page


def test_the_page_of_a_worrying_post_shows_helplines_of_that_country_only(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, post_text=build.WORRYING_POST)
    Post.objects.update(country="IE")
    client.force_login(cast.wren)
    page = build.read(client.get(f"/drafts/{draft.id}/"))
    assert "116 123" in page
    assert "988" not in page


def test_an_unknown_country_gets_no_other_countrys_number(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, post_text=build.WORRYING_POST)
    client.force_login(cast.wren)
    page = build.read(client.get(f"/drafts/{draft.id}/"))
    assert "988" not in page
    assert "116 123" not in page


def test_without_a_worker_the_page_says_once_that_writing_goes_on(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    page = build.read(client.get(f"/drafts/{draft.id}/"))
    assert "No worker is running" in page
    assert page.count("You can write and send") == 1


def test_the_strangers_draft_and_a_missing_one_look_alike(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.robin)
    theirs = client.get(f"/drafts/{draft.id}/")
    missing = client.get("/drafts/00000000-0000-4000-8000-000000000000/")
    assert theirs.status_code == missing.status_code == 404
    assert len(theirs.content) == len(missing.content)


def test_who_is_signed_out_keeps_the_text_on_the_page(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    answer = save(client, draft, "written for an hour", 1)
    assert answer.status_code == 401
    assert answer.json()["error"] == "signed_out"


def test_without_our_script_saving_shows_the_page_again(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    assert client.post(f"/drafts/{draft.id}/save", {"text": "plain form", "base": 1}).status_code == 302
    refused = client.post(f"/drafts/{draft.id}/save", {"text": "a\x00b and more", "base": 2})
    assert refused.status_code == 422
    assert "U+0000" in refused.content.decode()
    assert "and more" in refused.content.decode()
