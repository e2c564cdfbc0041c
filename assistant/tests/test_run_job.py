"""A runner claims a job, streams what passed the phases, and finishes once, whatever dies in between."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, gate, lease, runner, sweeper
from assistant.actions.suggestions import changes_of
from assistant.inference.engine import EngineAway, EngineBusy, EngineError, ModelUnavailable, PromptTooLong
from assistant.inference.types import Prompt, Request, StopReason
from assistant.models import AuditEvent, Finding, ModelVersion, Suggestion, SuggestionChunk, SuggestionJob
from assistant.models.suggestion import JobQuerySet
from assistant.safety.pipeline import Pipeline
from assistant.safety.types import Context, Kind
from assistant.streaming import checked, chunks
from assistant.worker_state import Serving, holder
from webapp import test as build
from webapp.test import Cast, FakeEngine, FakeStream

# The runner renews its lease from another thread, which a test's open transaction would lock out.
pytestmark = pytest.mark.django_db(transaction=True)

TWO_SENTENCES = "Moving somewhere new is hard. What would you cook for a friend?"


@pytest.fixture
def job(cast: Cast) -> SuggestionJob:
    return build.job(build.draft(cast.wren))


def again(job: SuggestionJob) -> SuggestionJob:
    return SuggestionJob.objects.get(id=job.id)


def expire(job: SuggestionJob) -> None:
    SuggestionJob.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_writes_numbered_pieces_and_one_suggestion(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert [chunk.seq for chunk in SuggestionChunk.objects.order_by("seq")] == [1, 2]
    assert "".join(chunk.text for chunk in SuggestionChunk.objects.order_by("seq")) == TWO_SENTENCES
    assert Suggestion.objects.get().text == TWO_SENTENCES
    assert again(job).status == "done"


def test_the_prompt_marks_only_the_scaffold_as_scaffold(job: SuggestionJob) -> None:
    engine = FakeEngine().will_say(TWO_SENTENCES)
    runner.run_job(job.id, engine=engine)
    written = [segment.text for segment in engine.asked[0].prompt.segments if not segment.scaffold]
    assert any(build.CALM_POST in text for text in written)
    assert any(build.KIND_DRAFT in text for text in written)
    assert not any(build.KIND_DRAFT in segment.text for segment in engine.asked[0].prompt.segments if segment.scaffold)


def served_by(version: ModelVersion, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "serving", lambda _mode: Serving(engine, version, version.name))


def test_an_adapter_is_asked_in_the_words_it_was_trained_on(
    job: SuggestionJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine().will_say(TWO_SENTENCES)
    version = ModelVersion.objects.create(name="warm", kind="adapter", mode="improve", prompt="improve-2")
    served_by(version, engine, monkeypatch)
    runner.run_job(job.id)
    assert (engine.asked[0].prompt.version, engine.asked[0].adapter) == ("improve-2", "warm")
    assert Suggestion.objects.get().prompt_version == "improve-2"
    assert Suggestion.objects.get().model_version == version


def test_a_model_of_another_release_fails_the_job_once_and_says_why(
    cast: Cast, job: SuggestionJob, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    version = ModelVersion.objects.create(name="newer", kind="adapter", mode="improve", prompt="improve-99")
    served_by(version, engine, monkeypatch)
    runner.run_job(job.id)
    job.refresh_from_db()
    assert (job.status, job.reason, job.attempt, engine.asked) == ("failed", "unknown_prompt", 1, [])
    client.force_login(cast.wren)
    assert "does not know how to ask the model" in client.get(f"/drafts/{job.draft_id}/").content.decode()


def test_who_asks_again_after_a_circle_gets_another_throw(job: SuggestionJob) -> None:
    first, second = FakeEngine().will_say(TWO_SENTENCES), FakeEngine().will_say(TWO_SENTENCES)
    first.stop = StopReason.REPETITION
    runner.run_job(job.id, engine=first)
    assert again(job).reason == "repetition"
    runner.run_job(build.job(job.draft).id, engine=second)
    before, now = first.asked[0].params, second.asked[0].params
    assert now.seed != before.seed
    assert now.temperature > before.temperature


def test_a_doubled_message_runs_once(job: SuggestionJob) -> None:
    engine = FakeEngine().will_say(TWO_SENTENCES, "Something else entirely. And more.")
    runner.run_job(job.id, engine=engine)
    runner.run_job(job.id, engine=engine)
    assert len(engine.asked) == 1
    assert Suggestion.objects.count() == 1


def test_a_job_that_is_unknown_or_garbage_is_dropped_in_silence() -> None:
    runner.run_job("00000000-0000-4000-8000-000000000000", engine=FakeEngine())


def test_a_claim_counts_the_attempt_before_the_work(job: SuggestionJob) -> None:
    claim = runner.claim_job(job.id)
    assert claim is not None
    assert (claim.job.attempt, claim.fence) == (1, 1)
    assert runner.claim_job(job.id) is None


def test_a_runner_that_lost_its_lease_cannot_write(job: SuggestionJob) -> None:
    old = runner.claim_job(job.id)
    assert old is not None
    expire(job)
    new = runner.claim_job(job.id)
    assert new is not None
    assert chunks.append(old.job, fence=old.fence, text="late words") is None
    assert chunks.append(new.job, fence=new.fence, text="good words") == 1
    assert actions.fail_job(old.job, fence=old.fence, reason="late") is False
    assert again(job).status == "running"


def test_a_new_attempt_starts_its_numbers_anew(job: SuggestionJob) -> None:
    first = runner.claim_job(job.id)
    assert first is not None
    chunks.append(first.job, fence=first.fence, text="half of it")
    expire(job)
    sweeper.sweep()
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    state = chunks.read_after(job.id, attempt=1, seq=1)
    assert state is not None
    assert state.attempt == 2
    assert "".join(chunk.text for chunk in state.chunks) == TWO_SENTENCES


def test_the_sweeper_gives_a_dead_runners_job_another_attempt(job: SuggestionJob) -> None:
    runner.claim_job(job.id)
    expire(job)
    assert sweeper.sweep().requeued == 1
    assert again(job).status == "queued"


def test_after_three_attempts_it_fails_visibly_and_the_draft_is_untouched(job: SuggestionJob) -> None:
    for _ in range(3):
        assert runner.claim_job(job.id) is not None
        expire(job)
    assert runner.claim_job(job.id) is None
    sweeper.sweep()
    assert (again(job).status, again(job).reason) == ("failed", "attempts_exhausted")
    assert build.head_of(job.draft).text == build.KIND_DRAFT


def test_a_job_that_nobody_heard_of_is_rung_for_again(job: SuggestionJob) -> None:
    SuggestionJob.objects.update(rung_at=timezone.now() - timedelta(minutes=1))
    assert sweeper.sweep().rung == 1
    assert sweeper.sweep().rung == 0


def test_a_cancel_stops_the_words_and_leaves_no_suggestion(job: SuggestionJob, cast: Cast) -> None:
    engine = FakeEngine().will_say(" ".join(f"The street has a house with number {number}." for number in range(60)))

    def cancel_midway(word: int) -> None:
        if word == 20:
            actions.cancel_job(again(job), by=cast.wren)

    engine.before_word = cancel_midway
    runner.run_job(job.id, engine=engine)
    assert again(job).status == "cancelled"
    assert Suggestion.objects.count() == 0
    assert SuggestionChunk.objects.count() < 10


def test_held_words_are_on_no_wire(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_say(f"I hear you. {build.HURTFUL_REPLY} Take care."))
    suggestion = Suggestion.objects.get()
    assert suggestion.status == "held"
    assert Finding.objects.filter(suggestion=suggestion, severity=3).exists()
    written = "".join(chunk.text for chunk in SuggestionChunk.objects.all())
    assert "fault" not in written
    assert "worse" not in written
    state = chunks.read_after(job.id, attempt=0, seq=0)
    assert state is not None
    assert (state.status, state.chunks) == ("held", ())


def test_of_a_suggestion_that_ended_early_what_it_never_reached_is_not_left_out(job: SuggestionJob) -> None:
    runner.run_job(
        job.id, engine=FakeEngine().will_say(f"Moving somewhere new is hard. {build.HURTFUL_REPLY} And so on.")
    )
    suggestion = Suggestion.objects.get()
    assert (suggestion.status, suggestion.stop) == ("held", "cancelled")
    kinds = [change.kind for change in changes_of(suggestion)]
    assert "remove" not in kinds
    assert kinds[-1] == "keep"


def test_a_held_suggestion_opens_a_flag_in_the_same_transaction(job: SuggestionJob) -> None:
    from moderation.models import Flag

    runner.run_job(job.id, engine=FakeEngine().will_say(f"I hear you. {build.HURTFUL_REPLY}"))
    assert Flag.objects.get().suggestion == Suggestion.objects.get()


def test_when_the_flag_cannot_be_opened_nothing_is_stored(job: SuggestionJob, monkeypatch: pytest.MonkeyPatch) -> None:
    from moderation import actions as moderation_actions

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(moderation_actions, "open_flag", refuse)
    runner.run_job(job.id, engine=FakeEngine().will_say(f"I hear you. {build.HURTFUL_REPLY}"))
    assert Suggestion.objects.count() == 0
    assert again(job).status == "running"  # and the lease runs out, and somebody tries again


@pytest.mark.parametrize("broken", ["raises", "hangs", "garbage"])
def test_a_broken_phase_holds(job: SuggestionJob, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    class Broken:
        name, version, kinds = "broken", 1, frozenset(Kind)

        def check(self, text: str, context: Context) -> Any:
            if broken == "raises":
                raise ValueError(text)
            if broken == "hangs":
                time.sleep(5)
            return "garbage"

    monkeypatch.setattr(runner, "CheckedStream", with_pipeline(Pipeline([Broken()], required={}, timeout_seconds=0.2)))
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert Suggestion.objects.get().status == "held"
    assert SuggestionChunk.objects.count() == 0


def with_pipeline(broken_pipeline: Pipeline) -> type[checked.CheckedStream]:
    class Checked(checked.CheckedStream):
        def _passes(self, piece: str) -> bool:
            self.text += piece
            self.screening = broken_pipeline.screen(self.text, self.context)
            return not self.screening.held

    return Checked


def test_without_a_model_the_job_fails_with_the_reason(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_fail(ModelUnavailable("The file is not there.")))
    assert (again(job).status, again(job).reason) == ("failed", "model_unavailable")


# No fault of the job


def stored_pieces(job: SuggestionJob) -> list[tuple[int, int]]:
    return list(SuggestionChunk.objects.filter(job=job).order_by("attempt", "seq").values_list("attempt", "seq"))


def test_a_busy_engine_gets_the_job_again_and_that_costs_no_attempt(job: SuggestionJob) -> None:
    engine = FakeEngine()
    for _ in range(5):
        engine.will_fail(EngineBusy("Too many wait."))
        runner.run_job(job.id, engine=engine)
        assert again(job).status == "queued"
    assert again(job).attempt == again(job).times_put_back == 5
    assert sweeper.sweep().rung == 1  # the next sweep rings, not only the one after
    runner.run_job(job.id, engine=engine.will_say(TWO_SENTENCES))
    assert (again(job).status, again(job).attempt) == ("done", 6)
    assert build.head_of(job.draft).text == build.KIND_DRAFT


def test_a_server_that_is_away_is_waited_for_as_long_as_for_an_answer(job: SuggestionJob, settings: Settings) -> None:
    settings.JOB_DEADLINE_SECONDS = 30
    away = EngineAway("No answer.")
    runner.run_job(job.id, engine=FakeEngine().will_fail(away))
    assert again(job).status == "queued"
    SuggestionJob.objects.update(queued_at=timezone.now() - timedelta(seconds=31))
    runner.run_job(job.id, engine=FakeEngine().will_fail(away))
    assert (again(job).status, again(job).reason) == ("failed", "engine_away")
    assert build.head_of(job.draft).text == build.KIND_DRAFT


def test_the_page_says_that_the_server_is_away(job: SuggestionJob, cast: Cast, client: Client) -> None:
    SuggestionJob.objects.update(status="failed", reason="engine_away")
    client.force_login(cast.wren)
    assert "does not answer" in client.get(f"/drafts/{job.draft_id}/").content.decode()


def test_a_server_that_goes_away_in_the_middle_is_asked_anew_and_no_pieces_are_mixed(job: SuggestionJob) -> None:
    engine = FakeEngine().will_say(TWO_SENTENCES, TWO_SENTENCES)

    def go_away(word: int) -> None:
        if word == 8:
            engine.before_word = None
            raise EngineAway("It stopped in the middle.")

    engine.before_word = go_away
    runner.run_job(job.id, engine=engine)
    assert (again(job).status, stored_pieces(job)) == ("queued", [(1, 1)])
    runner.run_job(job.id, engine=engine)
    assert again(job).status == "done"
    assert stored_pieces(job) == [(1, 1), (2, 1), (2, 2)]
    state = chunks.read_after(job.id, attempt=1, seq=1)
    assert state is not None
    assert "".join(chunk.text for chunk in state.chunks) == TWO_SENTENCES


def test_a_worker_that_goes_down_puts_its_job_back(job: SuggestionJob) -> None:
    class Closed(FakeEngine):
        def submit(self, request: Request) -> FakeStream:
            stream = super().submit(request)
            self.before_word = lambda word: (
                stream.cancel() if word == 8 else None
            )  # as an engine does when it is closed
            return stream

    runner.run_job(job.id, engine=Closed().will_say(TWO_SENTENCES))
    assert (again(job).status, again(job).attempt, again(job).times_put_back) == ("queued", 1, 1)
    assert again(job).fence == 2
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert again(job).status == "done"


def test_what_a_closed_engine_refuses_while_the_worker_goes_down_is_put_back_too(job: SuggestionJob) -> None:
    class GoesDown(FakeEngine):
        def submit(self, request: Request) -> FakeStream:
            gate.here.close()
            raise EngineError("The engine is closed. Start it again.")

    try:
        runner.run_job(job.id, engine=GoesDown())
        assert again(job).status == "queued"
        runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
        assert again(job).status == "queued"  # nothing more begins here
    finally:
        gate.here.open()
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert again(job).status == "done"


def test_a_job_that_was_put_back_still_has_three_attempts_that_may_die(job: SuggestionJob) -> None:
    for _ in range(4):
        runner.run_job(job.id, engine=FakeEngine().will_fail(EngineBusy("Too many wait.")))
    for _ in range(3):
        assert runner.claim_job(job.id) is not None
        expire(job)
    assert runner.claim_job(job.id) is None
    assert sweeper.sweep().failed == 1


def test_a_job_that_waited_long_in_the_table_is_run_all_the_same(job: SuggestionJob, settings: Settings) -> None:
    settings.JOB_DEADLINE_SECONDS = 30
    SuggestionJob.objects.update(queued_at=timezone.now() - timedelta(hours=1))
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert again(job).status == "done"


def test_the_engine_is_told_whose_text_it_is(job: SuggestionJob) -> None:
    engine = FakeEngine().will_say(TWO_SENTENCES)
    runner.run_job(job.id, engine=engine)
    assert [request.case for request in engine.asked] == [str(job.case_id)]


def test_a_database_that_is_away_for_a_moment_does_not_stop_the_watch(
    job: SuggestionJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.02)
    claim = runner.claim_job(job.id)
    assert claim is not None
    calls: list[int] = []

    class Away(JobQuerySet):
        def renew(self, **also: Any) -> bool:
            calls.append(len(calls))
            if len(calls) == 1:
                raise OperationalError
            return len(calls) < 5

    stream = FakeEngine().will_say("word " * 50).submit(Request("1", Prompt((), None, "")))
    with lease.Lease(Away(SuggestionJob), stream) as watch:
        deadline = time.monotonic() + 5
        while not watch.lost and time.monotonic() < deadline:
            time.sleep(0.01)
    assert (watch.lost, len(calls)) == (True, 5)
    assert "".join(stream) == ""  # it was cancelled


def test_a_prompt_that_does_not_fit_is_refused(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_fail(PromptTooLong(tokens=5000, limit=3600)))
    assert again(job).reason == "prompt_too_long"


def test_an_empty_answer_is_a_failure_not_a_suggestion(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_say("   "))
    assert again(job).reason == "empty"


def test_an_answer_that_takes_too_long_is_a_failure(job: SuggestionJob, settings: Settings) -> None:
    settings.JOB_DEADLINE_SECONDS = 0.0
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert again(job).reason == "deadline"


def test_an_answer_that_is_cut_off_ends_with_a_whole_piece(job: SuggestionJob, settings: Settings) -> None:
    settings.JOB_MAX_TOKENS = 8
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    assert Suggestion.objects.get().text.strip() == "Moving somewhere new is hard."


def test_every_end_is_in_the_audit_log(job: SuggestionJob) -> None:
    runner.run_job(job.id, engine=FakeEngine().will_say(TWO_SENTENCES))
    acts = list(AuditEvent.objects.filter(object_id=str(job.id)).values_list("action", flat=True))
    assert acts == ["suggestion.requested", "suggestion.finished"]


def test_an_erased_case_ends_its_job(job: SuggestionJob) -> None:
    from webapp.privacy import erase_post

    engine = FakeEngine().will_say(TWO_SENTENCES)
    engine.before_word = lambda word: erase_post(job.draft.post) if word == 3 else None
    runner.run_job(job.id, engine=engine)
    assert again(job).status == "cancelled"
    assert Suggestion.objects.count() == 0
