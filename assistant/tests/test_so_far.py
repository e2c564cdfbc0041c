"""The change list while it is written: what has come so far, read and not decided; nothing of it where hints come first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant import actions, runner
from assistant.growth import HelpLevel
from assistant.models import SuggestionJob
from assistant.streaming import chunks
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db
DRAFT = "I read it twice. You should sleep more. The library has a room."


def running(author: Any, *pieces: str, **fields: Any) -> SuggestionJob:
    claim = runner.claim_job(build.job(build.draft(author, text=DRAFT), **fields).id)
    assert claim is not None
    for piece in pieces:
        assert chunks.append(claim.job, fence=claim.fence, text=piece)
    return SuggestionJob.objects.get(id=claim.job.id)


def page_of(client: Client, job: SuggestionJob) -> str:
    return str(client.get(f"/jobs/{job.id}/so-far").content.decode())


def test_what_came_is_a_list_of_changes_without_buttons(cast: Cast, client: Client) -> None:
    job = running(cast.wren, "I read it twice. ", "Sleep may come back later. ")
    client.force_login(cast.wren)
    page = page_of(client, job)
    assert page.count("<li") == 2
    assert "Put differently" in page
    assert "<button" not in page


def test_what_was_not_reached_yet_is_not_offered_for_leaving_out(cast: Cast, client: Client) -> None:
    job = running(cast.wren, "I read it twice. ")
    client.force_login(cast.wren)
    page = page_of(client, job)
    assert "Leave out" not in page
    assert "The library" not in page


def test_a_locked_sentence_stands_as_it_is_from_the_first_moment(cast: Cast, client: Client) -> None:
    job = running(cast.wren, "I read it twice. ", "Sleep may come back later. ", locked=["You should sleep more."])
    client.force_login(cast.wren)
    assert "Put differently" not in page_of(client, job)


def test_nothing_streams_where_hints_come_first(cast: Cast, client: Client) -> None:
    job = running(cast.wren, "I read it twice. ", "Sleep may come back later. ")
    actions.choose_help(HelpLevel.HINTS, by=cast.wren)
    client.force_login(cast.wren)
    answer = client.get(f"/jobs/{job.id}/so-far")
    assert (answer.status_code, answer.content) == (204, b"")


def test_before_anything_came_the_list_is_empty(cast: Cast, client: Client) -> None:
    job = running(cast.wren)
    client.force_login(cast.wren)
    assert "<li" not in page_of(client, job)


def test_of_somebody_elses_job_nothing_is_shown(cast: Cast, client: Client) -> None:
    job = running(cast.wren, "I read it twice. ")
    client.force_login(cast.robin)
    assert client.get(f"/jobs/{job.id}/so-far").status_code == 404
