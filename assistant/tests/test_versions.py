"""Asking again for the same words gives another version, up to three beside each other; each is decided change by change."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions, runner
from assistant.inference.types import Outcome, StopReason
from assistant.models import Draft, Suggestion, SuggestionJob
from assistant.safety.types import Screening
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
DRAFT = "I read it twice. You should sleep more. The library has a room."
OFFERED = (
    "I read it twice. Sleep may come back later. The library has a room.",
    "I read it twice. What keeps you awake? The library has a room.",
    "I read it twice. Nights can be long. The library has a room.",
    "I read it twice. Rest when you can. The library has a room.",
)


def offer(draft: Draft, text: str, **wishes: Any) -> Suggestion:
    claim = runner.claim_job(build.job(draft, **wishes).id)
    assert claim is not None
    outcome = Outcome(StopReason.END, 10, 10, 0.1, 0.2)
    finished = actions.Finished(text=text, outcome=outcome, model_version=None, prompt_version="test-1")
    made = actions.finish_job(claim.job, fence=claim.fence, finished=finished, screening=Screening())
    assert made is not None
    later = timezone.now() + timedelta(seconds=Suggestion.objects.count())  # a test is one moment for the database
    SuggestionJob.objects.filter(id=made.job_id).update(queued_at=later)
    return Suggestion.objects.select_related("job__draft").get(id=made.id)


def page_of(client: Client, suggestion: Suggestion) -> str:
    return str(client.get(f"/jobs/{suggestion.job_id}/suggestion").content.decode())


def test_versions_stand_beside_each_other_the_first_one_first(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    assert "Version 1" not in page_of(client, offer(draft, OFFERED[0]))
    page = page_of(client, offer(draft, OFFERED[1]))
    assert (
        page.index("Version 1") < page.index("Sleep may come") < page.index("Version 2") < page.index("What keeps you")
    )
    assert page.count("Another version") == 1
    assert len(set(ids := [part.split('"')[0] for part in page.split(' id="')[1:]])) == len(ids)


def test_there_are_three_at_most_the_latest(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    *_, last = [offer(draft, text) for text in OFFERED]
    page = page_of(client, last)
    assert "Sleep may come" not in page
    assert "Version 3" in page
    assert "Another version" not in page


def test_what_was_asked_with_other_wishes_or_for_other_words_is_no_version_of_it(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    offer(draft, OFFERED[0])
    assert "Version 1" not in page_of(client, offer(draft, OFFERED[1], locked=["I read it twice."]))
    actions.save_revision(draft, text=f"{DRAFT} Write again.", base=1)
    draft = Draft.objects.select_related("case", "post__case").get(id=draft.id)
    assert "Version 1" not in page_of(client, offer(draft, OFFERED[1]))


def test_a_held_version_is_not_shown(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    held = offer(draft, OFFERED[0])
    Suggestion.objects.filter(id=held.id).update(status=Suggestion.Status.HELD)
    assert "Sleep may come" not in page_of(client, offer(draft, OFFERED[1]))


def test_another_version_is_another_throw(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    first = offer(draft, OFFERED[0]).job
    second = build.job(draft)
    assert runner.params_for(first).temperature == 0
    assert runner.params_for(second).temperature == runner.AGAIN_TEMPERATURE
    assert runner.params_for(second).seed != runner.params_for(first).seed


def test_each_version_is_decided_by_itself(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    first, second = offer(draft, OFFERED[0]), offer(draft, OFFERED[1])
    form = {"text": OFFERED[0], "base": 1, "verdict": "accepted"}
    assert client.post(f"/suggestions/{first.id}/changes/1", form, headers=JSON).status_code == 200
    page = page_of(client, second)
    assert page.count('data-state="accepted"') == 1
    assert "Another version" not in page  # the words are other ones now


def test_asking_once_more_is_not_asked_back(cast: Cast, client: Client) -> None:
    beside = "I am so sorry. Stay strong and take care of yourself. Everything passes in the end, and tomorrow is a new chance."
    draft = build.draft(cast.wren, text=beside)
    client.force_login(cast.wren)
    form = {"text": beside, "base": 1, "mode": "improve", "anyway": "1"}
    client.post(f"/drafts/{draft.id}/ask", form | {"client_key": uuid.uuid4()}, headers=JSON)
    SuggestionJob.objects.update(status=SuggestionJob.Status.DONE)
    form.pop("anyway")
    assert client.post(f"/drafts/{draft.id}/ask", form | {"client_key": uuid.uuid4()}, headers=JSON).status_code == 202


def test_a_throw_that_ends_in_the_same_words_is_no_other_version(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=DRAFT)
    client.force_login(cast.wren)
    offer(draft, OFFERED[0])
    assert "Version 1" not in page_of(client, offer(draft, OFFERED[0]))
