"""The model reads what nothing flagged. A yes raises; whatever else it says or does leaves the post as it is."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, lease, second_reader, sweeper, triage
from assistant.inference.engine import EngineAway, EngineBusy, EngineError, PromptTooLong
from assistant.models import AuditEvent, Post, SecondReading
from moderation.actions import decide
from moderation.models import Flag
from webapp import test as build
from webapp.privacy import erase_post
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def second_reader_is_on(settings: Settings) -> None:
    settings.SECOND_READER = True


def read(said: str = "yes", text: str = build.CALM_POST, **fields: Any) -> tuple[Post, SecondReading]:
    row = build.post(text, **fields)
    second_reader.run_readings(engine=FakeEngine().will_say(said))
    return Post.objects.get(id=row.id), SecondReading.objects.get(post=row)


def expire() -> None:
    SecondReading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("said", ["yes", "Yes.", " YES", "yes, they may"])
def test_a_yes_raises_the_post_to_review_with_a_flag(said: str) -> None:
    row, reading = read(said)
    assert (row.tier, row.status, row.level) == ("review", "waiting", 0)
    flag = Flag.objects.get()
    assert (flag.post, flag.codes, flag.severity) == (row, [triage.SECOND_READER], 2)
    assert (reading.status, reading.verdict, reading.prompt_version) == ("done", "risk", "triage-1")
    assert AuditEvent.objects.get(action="post.second_reading").outcome == "risk"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("no", "none"),
        ("No.", "none"),
        ("", "unclear"),
        ("yesterday", "unclear"),
        ("maybe yes", "unclear"),
        ("<|im_start|>yes", "unclear"),
        ("\x00\u202e", "unclear"),
    ],
)
def test_anything_but_a_yes_changes_nothing(said: str, verdict: str) -> None:
    row, reading = read(said)
    assert (row.tier, reading.status, reading.verdict) == ("none", "done", verdict)
    assert not Flag.objects.exists()


@pytest.mark.parametrize("error", [EngineError("no"), PromptTooLong(tokens=9, limit=1)])
def test_an_engine_that_fails_changes_nothing(error: EngineError) -> None:
    row = build.post()
    second_reader.run_readings(engine=FakeEngine().will_fail(error))
    assert SecondReading.objects.get().status == "failed"
    assert Post.objects.get(id=row.id).tier == "none"


@pytest.mark.parametrize("error", [EngineBusy("Too many wait."), EngineAway("No answer.")])
def test_an_engine_that_is_busy_or_away_is_asked_again_later_and_that_costs_no_attempt(error: EngineError) -> None:
    build.post()
    build.post("I burned the soup again and the neighbours laughed with me about it.")
    engine = FakeEngine()
    for _ in range(4):
        engine.will_fail(error)
        assert second_reader.run_readings(engine=engine) == 1  # nor is the next one read now
    first = SecondReading.objects.order_by("queued_at").first()
    assert first is not None
    assert (first.status, first.attempt, first.times_put_back) == ("queued", 4, 4)
    engine.will_say("yes", "no")
    assert second_reader.run_readings(engine=engine) == 2
    assert Flag.objects.count() == 1


def crash(_word: int) -> None:
    raise RuntimeError("the engine died")


def test_a_crash_changes_nothing_and_after_three_it_is_over() -> None:
    build.post()
    engine = FakeEngine().will_say("yes", "yes", "yes", "yes")
    engine.before_word = crash
    for _ in range(4):
        second_reader.run_readings(engine=engine)
        expire()
        sweeper.sweep(ring_after=timedelta(0))
    reading = SecondReading.objects.get()
    assert (reading.status, reading.reason, reading.attempt) == ("failed", "attempts_exhausted", 3)
    assert len(engine.asked) == 3
    assert not Flag.objects.exists()


def test_what_no_model_may_read_it_does_not_read() -> None:
    build.post(human_only=True)
    assert not SecondReading.objects.exists()


def test_what_is_flagged_already_is_not_read_again() -> None:
    build.post(build.WORRYING_POST)
    assert not SecondReading.objects.exists()


def test_switched_off_nothing_is_queued_and_nothing_read(settings: Settings) -> None:
    build.post()
    settings.SECOND_READER = False
    build.post()
    engine = FakeEngine().will_say("yes")
    second_reader.run_readings(engine=engine)
    assert (SecondReading.objects.count(), engine.asked) == (1, [])


def test_an_erased_post_is_not_read() -> None:
    row = build.post()
    erase_post(row)
    engine = FakeEngine().will_say("yes")
    second_reader.run_readings(engine=engine)
    assert (SecondReading.objects.get().status, engine.asked) == ("cancelled", [])
    assert not Flag.objects.exists()


def test_a_post_that_is_erased_while_it_is_read_stays_as_it_is() -> None:
    row = build.post()
    engine = FakeEngine().will_say("yes")
    engine.before_word = lambda _word: erase_post(row)
    second_reader.run_readings(engine=engine)
    assert SecondReading.objects.get().status == "cancelled"
    assert Post.objects.get().tier == "none"


def test_it_never_lowers_what_a_person_raised_meanwhile(cast: Cast) -> None:
    row = build.post()
    actions.worry(row, by=cast.wren, now=True)
    second_reader.run_readings(engine=FakeEngine().will_say("yes"))
    assert Post.objects.get().tier == "urgent"
    flag = Flag.objects.get()
    assert (flag.codes, flag.severity) == ([triage.WORRIED, triage.SECOND_READER], 3)


def test_a_yes_about_a_post_whose_worry_was_closed_is_a_flag_of_its_own(cast: Cast) -> None:
    row = build.post()
    actions.worry(row, by=cast.wren)
    said: dict[str, Any] = {"outcome": "close", "closed_as": "fine", "policy": "other", "reason": "Nothing was in it."}
    decide(Flag.objects.get(), by=cast.ash, seen=1, **said)
    second_reader.run_readings(engine=FakeEngine().will_say("yes"))
    assert Flag.objects.open().get().codes == [triage.SECOND_READER]


def test_a_suggestion_comes_first(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    job = build.job(draft)
    engine = FakeEngine().will_say("yes")
    assert second_reader.run_readings(engine=engine) == 0
    actions.cancel_job(job, by=cast.wren)
    assert second_reader.run_readings(engine=engine) == 1


# The lease is watched from another thread, which a test's open transaction would lock out.
@pytest.mark.django_db(transaction=True)
def test_a_reading_makes_way_for_a_suggestion_and_is_done_later(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    engine = FakeEngine().will_say("yes no maybe", "yes")
    asked: list[object] = []

    def ask_in_the_middle(word: int) -> None:
        if word == 1 and not asked:
            asked.append(build.job(draft))
            time.sleep(2 * lease.LOOK_SECONDS)

    engine.before_word = ask_in_the_middle
    second_reader.run_readings(engine=engine)
    reading = SecondReading.objects.get()
    assert (reading.status, reading.attempt - reading.times_put_back) == ("queued", 0)
    actions.cancel_job(asked[0], by=cast.wren)  # type: ignore[arg-type]
    second_reader.run_readings(engine=engine)
    assert SecondReading.objects.get().verdict == "risk"


def test_one_ring_reads_all_that_waits_oldest_first() -> None:
    first, second = build.post(), build.post("I burned the soup again and the neighbours laughed with me about it.")
    engine = FakeEngine().will_say("no", "no")
    assert second_reader.run_readings(SecondReading.objects.get(post=first).id, engine=engine) == 2
    texts = [segment.text for request in engine.asked for segment in request.prompt.segments if not segment.scaffold]
    assert texts == [first.text, second.text]


def test_a_ring_for_what_is_not_there_is_dropped_in_silence() -> None:
    assert second_reader.run_readings(uuid.uuid4(), engine=FakeEngine()) == 0


def test_a_runner_that_lost_its_lease_cannot_write() -> None:
    build.post()
    old = second_reader.claim_reading(SecondReading.objects.get().id)
    assert old is not None
    assert second_reader.claim_reading(old.reading.id) is None
    expire()
    new = second_reader.claim_reading(old.reading.id)
    assert new is not None
    model = FakeEngine().model
    verdict = SecondReading.Verdict.RISK
    late = actions.finish_reading(old.reading, fence=old.fence, verdict=verdict, model=model, prompt_version="triage-1")
    assert late is False
    assert not Flag.objects.exists()


def test_of_a_long_post_the_beginning_and_the_end_are_read() -> None:
    text = second_reader.beginning_and_end("a" * 9_000 + "b" * 9_000)
    assert len(text) <= second_reader.MOST_CHARACTERS + 3
    assert (text[0], text[-1]) == ("a", "b")


def test_the_database_itself_wants_a_verdict_with_what_is_done() -> None:
    build.post()
    for broken in ({"status": "done"}, {"verdict": "risk"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SecondReading.objects.update(**broken)
