"""Who waits is told how many are before them and about how long; who would wait too long is told so at once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, runner, waiting
from assistant.models import Draft, Suggestion, SuggestionJob, Worker
from assistant.streaming import chunks
from assistant.tests.page_socket import Socket
from assistant.waiting import Pace, Place
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def no_pace_of_another_test() -> Iterator[None]:
    waiting.forget_pace()
    yield
    waiting.forget_pace()


def worker(name: str = "here:1", **fields: Any) -> Worker:
    return Worker.objects.create(**{"name": name, "seen_at": timezone.now(), "model": "starter"} | fields)


def takes(cast: Cast, *seconds: float, mode: str = "improve") -> None:
    """The latest suggestions took so long."""
    for each in seconds:
        made = build.suggestion(build.draft(cast.robin))
        Suggestion.objects.filter(id=made.id).update(seconds=each)
        SuggestionJob.objects.filter(id=made.job_id).update(mode=mode)


def jobs(cast: Cast, number: int) -> list[SuggestionJob]:
    return [build.job(build.draft(cast.wren)) for _ in range(number)]


def place(job: SuggestionJob) -> Place | None:
    return waiting.place_of(SuggestionJob.objects.get(id=job.id))


# The estimate


@pytest.mark.parametrize(
    ("pace", "ahead", "seconds"),
    [
        (Pace(1, 8.0), 0, 0),
        (Pace(1, 8.0), 1, 8),
        (Pace(1, 8.0), 3, 24),
        (Pace(4, 8.0), 3, 0),  # there is room
        (Pace(4, 8.0), 4, 2),  # one of four has to end
        (Pace(4, 8.0), 8, 10),
        (Pace(0, 8.0), 0, None),  # no worker
        (Pace(1, None), 2, None),  # nothing was made yet
        (Pace(1, None), 0, 0),
    ],
)
def test_it_is_reckoned_from_the_pace_and_the_slots(pace: Pace, ahead: int, seconds: float | None) -> None:
    assert pace.seconds_until(ahead) == seconds


WORDS = {
    (0, 0): "you are next",
    (0, None): "you are next",
    (3, 0): "you are next",
    (1, None): "1 person before you",
    (5, None): "5 people before you",
    (1, 10): "1 person before you, a few seconds",
    (2, 20): "2 people before you, about 20 seconds",
    (7, 50): "7 people before you, about 50 seconds",
    (8, 60): "8 people before you, about a minute",
    (30, 240): "30 people before you, about 4 minutes",
}


@pytest.mark.parametrize(("ahead", "seconds"), WORDS)
def test_it_is_told_in_words_that_promise_little(ahead: int, seconds: int | None) -> None:
    assert Place(ahead, seconds).words == WORDS[ahead, seconds]


@pytest.mark.parametrize(
    ("seconds", "rounded"), [(0, 0), (0.1, 10), (11, 20), (50, 50), (51, 60), (61, 120), (200, 240)]
)
def test_it_is_rounded_up_to_tens_and_then_to_minutes(seconds: float, rounded: int) -> None:
    assert waiting.rounded(seconds) == rounded


def test_the_median_of_the_latest_counts_and_only_of_the_same_mode(cast: Cast) -> None:
    takes(cast, 5.0, 7.0, 300.0)
    takes(cast, 90.0, mode="generate")
    assert waiting.measure("improve").seconds == 7.0
    assert waiting.measure("generate").seconds == 90.0


def test_the_slots_are_those_of_workers_that_were_seen_and_have_a_model_for_this_mode(db: None) -> None:
    worker("a", state={"slots": 4})
    worker("b")
    worker("c", state={"slots": "many"})
    worker("silent", state={"slots": 9}, seen_at=timezone.now() - timedelta(minutes=1))
    worker("empty", state={"slots": 9}, model="")
    worker("drafts", state={"slots": 2, "modes": ["generate"]})
    assert waiting.measure("improve").slots == 6
    assert waiting.measure("generate").slots == 8


# The place


def test_before_one_who_waits_are_those_that_run_and_those_that_came_earlier(cast: Cast) -> None:
    worker()
    takes(cast, 8.0)
    first, second, third = jobs(cast, 3)
    runner.claim_job(first.id)
    assert place(second) == Place(1, 10)
    assert place(third) == Place(2, 20)


def test_help_of_the_other_mode_is_another_queue(cast: Cast) -> None:
    first, second = jobs(cast, 2)
    SuggestionJob.objects.filter(id=first.id).update(mode="generate")
    assert place(second) == Place(0, None)


def test_a_job_that_a_worker_has_still_waits_until_there_is_a_slot(cast: Cast) -> None:
    worker(state={"slots": 1})
    takes(cast, 8.0)
    first, second = jobs(cast, 2)
    for number, job in enumerate((first, second)):
        runner.claim_job(job.id)
        SuggestionJob.objects.filter(id=job.id).update(started_at=timezone.now() + timedelta(seconds=number))
    assert place(first) is None
    assert place(second) == Place(1, 10)
    Worker.objects.update(state={"slots": 2})
    waiting.forget_pace()
    assert place(second) is None


def test_with_the_first_piece_nobody_waits_any_more(cast: Cast) -> None:
    first, second = jobs(cast, 2)
    runner.claim_job(first.id)
    claim = runner.claim_job(second.id)
    assert claim is not None
    chunks.append(claim.job, fence=claim.fence, text="That sounds hard.")
    assert place(second) is None


def test_one_look_costs_one_query_and_none_once_pieces_come(cast: Cast) -> None:
    worker()
    first, second = (SuggestionJob.objects.get(id=job.id) for job in jobs(cast, 2))
    waiting.place_of(first)  # the pace is known now
    with CaptureQueriesContext(connection) as queries:
        waiting.place_of(second)
    assert len(queries) == 1
    second.status, second.last_seq = SuggestionJob.Status.RUNNING, 1
    with CaptureQueriesContext(connection) as queries:
        waiting.place_of(second)
    assert len(queries) == 0


# On the wire and on the page


def test_the_twin_of_the_stream_tells_it(cast: Cast, client: Client) -> None:
    worker()
    takes(cast, 8.0)
    job = jobs(cast, 3)[-1]
    client.force_login(cast.wren)
    told = client.get(f"/jobs/{job.id}/stream").json()
    assert (told["status"], told["ahead"], told["seconds"]) == ("queued", 2, 20)


@pytest.mark.django_db(transaction=True)
async def test_the_socket_tells_it_and_again_when_it_changes(cast: Cast, client: Client) -> None:
    await database_sync_to_async(worker)()
    await database_sync_to_async(takes)(cast, 8.0)
    first, _second, third = await database_sync_to_async(jobs)(cast, 3)
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        await socket.say({"v": 1, "t": "subscribe", "job": str(third.id), "attempt": 0, "last_seq": 0})
        told = [await socket.hear()]
        await database_sync_to_async(actions.cancel_job)(first, by=cast.wren)
        told.append(await socket.hear())
    assert [(frame["t"], frame["status"], frame["ahead"], frame["seconds"]) for frame in told] == [
        ("state", "queued", 2, 20),
        ("state", "queued", 1, 10),
    ]


def test_the_page_tells_it_without_scripts_and_lets_one_look_again_and_stop(cast: Cast, client: Client) -> None:
    worker()
    takes(cast, 8.0)
    job = jobs(cast, 3)[-1]
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{job.draft_id}/").content.decode()
    assert "Waiting for the model · 2 people before you, about 20 seconds" in page
    without_script = re.findall(r"<noscript>(.*?)</noscript>", page, re.S)[-1]
    assert f'href="/drafts/{job.draft_id}/"' in without_script
    assert f'action="/jobs/{job.id}/cancel"' in without_script
    client.post(f"/jobs/{job.id}/cancel")
    assert "Waiting for the model" not in client.get(f"/drafts/{job.draft_id}/").content.decode()


# Too many


def ask(client: Client, draft: Draft, text: str = build.KIND_DRAFT, **fields: Any) -> Any:
    data = {"client_key": uuid.uuid4(), "text": text, "base": 1, "mode": "improve", "reason": ""} | fields
    return client.post(f"/drafts/{draft.id}/ask", data, headers=JSON)


def test_who_would_wait_too_long_is_told_so_and_the_text_is_saved(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.JOB_DEADLINE_SECONDS = 30
    worker()
    takes(cast, 10.0)
    jobs(cast, 3)
    client.force_login(cast.robin)
    draft = build.draft(cast.robin)
    assert ask(client, draft).status_code == 202  # three before: thirty seconds
    other = build.draft(cast.robin)
    answer = ask(client, other, text=build.KIND_DRAFT + " Tell me more.")
    assert (answer.status_code, answer.json()["error"]) == (503, "busy")
    assert "about 40 seconds" in answer.json()["message"]
    assert build.head_of(Draft.objects.get(id=other.id)).text.endswith("Tell me more.")
    assert not SuggestionJob.objects.filter(draft=other).exists()
    again = ask(client, draft)  # it waits already
    assert again.status_code == 202


def test_while_nobody_knows_how_long_it_takes_everybody_may_ask(cast: Cast, client: Client, settings: Settings) -> None:
    settings.JOB_DEADLINE_SECONDS = 1
    jobs(cast, 4)
    client.force_login(cast.robin)
    assert ask(client, build.draft(cast.robin)).status_code == 202
