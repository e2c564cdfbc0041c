"""Checks in trouble are written down, seen on pages, and no model is asked meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions, runner
from assistant.actions import Refused
from assistant.inference.types import Mode
from assistant.models import AuditEvent, Post, SuggestionJob, Worker
from assistant.safety import canaries, pipeline
from assistant.safety.breaker import canary_of
from assistant.safety.types import Kind
from assistant.safety_watch import SafetyWatch, troubles_of_site
from assistant.vault import audit
from assistant.worker_state import beat, help_state
from webapp import test as build
from webapp.accounts.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def whole_again() -> Iterator[None]:
    pipeline.forget_default_pipeline()
    yield
    pipeline.forget_default_pipeline()


def open_check(name: str = "repetition", error: str = "ValueError") -> None:
    pipeline.default_pipeline().breaker.open(name, error)


def events() -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(object_type="check").order_by("seq")
    return [(row.action, row.object_id, row.code.split()[0]) for row in rows]


def test_a_round_without_trouble_writes_nothing_down() -> None:
    watch = SafetyWatch()
    watch.look()
    watch.look()
    assert events() == []
    assert troubles_of_site() == []


def test_a_worker_tells_when_its_test_sentences_last_passed() -> None:
    beat()
    assert Worker.objects.get().state["safety_passed_at"] is None
    SafetyWatch().look()
    beat()
    passed = datetime.fromisoformat(Worker.objects.get().state["safety_passed_at"])
    assert timedelta() <= timezone.now() - passed < timedelta(minutes=1)


def test_a_round_that_could_not_be_judged_did_not_pass(tmp_path: Path) -> None:
    SafetyWatch().look()
    before = pipeline.passed_at()
    assert canaries.run(pipeline.default_pipeline(), tmp_path / "away.toml") == ["canaries_unreadable"]
    assert pipeline.passed_at() == before


def test_an_opening_and_a_closing_are_each_one_audit_event_without_text() -> None:
    watch = SafetyWatch()
    pipeline.default_pipeline().required["nobody"] = frozenset({Kind.REPLY})
    open_check("nobody", "missing")  # no phase of that name, so no test sentence can close it
    watch.look()
    watch.look()
    assert events() == [("safety.opened", "nobody", "missing")]
    pipeline.forget_default_pipeline()
    watch.look()
    assert [event[:2] for event in events()] == [("safety.opened", "nobody"), ("safety.closed", "nobody")]
    assert list(audit.faults_in_chain()) == []


def test_a_phase_that_works_again_is_closed_by_the_round() -> None:
    open_check()
    assert pipeline.in_trouble(Kind.SUGGESTION) == ["repetition"]
    SafetyWatch().look()
    assert pipeline.in_trouble(Kind.SUGGESTION) == []


def test_no_suggestion_is_asked_for_while_a_check_it_needs_is_open_and_the_draft_stays() -> None:
    wren = build.person("wren", Role.SUPPORTER)
    draft = build.draft(wren)
    head = draft.head()
    assert head is not None
    open_check()
    text = head.text + " I am still listening."
    with pytest.raises(Refused, match="safety checks are in trouble") as refusal:
        actions.ask_for_help(draft, by=wren, text=text, base=head.number, mode=Mode.IMPROVE, client_key=uuid.uuid4())
    assert (refusal.value.code, refusal.value.status) == ("safety_open", 503)
    saved = draft.head()
    assert saved is not None
    assert saved.text == text
    assert not SuggestionJob.objects.exists()


def test_a_job_that_was_queued_before_ends_without_asking_the_model() -> None:
    job = build.job(build.draft(build.person("wren", Role.SUPPORTER)))
    open_check()
    runner.run_job(job.id)  # without an engine: asking for one would fail otherwise
    job.refresh_from_db()
    assert (job.status, job.reason) == (SuggestionJob.Status.FAILED, "safety_open")


def test_a_check_that_suggestions_do_not_need_stops_none() -> None:
    open_check("crisis")
    assert pipeline.in_trouble(Kind.SUGGESTION) == []
    assert "safety" not in help_state().reason


def test_a_post_that_was_not_fully_checked_can_be_answered_and_is_shown_as_such(client: Client) -> None:
    open_check(canary_of(Kind.POST), "canary_misjudged")
    post = build.post()
    assert post.status == Post.Status.WAITING
    assert post.unscreened
    wren = build.person("wren", Role.SUPPORTER)
    draft = actions.take_next_post(wren)
    assert draft is not None
    client.force_login(wren)
    page = client.get(f"/drafts/{draft.id}/").text
    assert "Not fully checked" in page
    assert "not fully checked, so it may be higher" in page
    robin = build.person("robin", Role.MODERATOR)
    client.force_login(robin)
    flag = post.flags.get()
    assert "Post not fully checked" in client.get(f"/moderation/flags/{flag.id}/").text


def test_the_model_drafts_nothing_for_a_post_that_was_not_fully_checked() -> None:
    birch = build.person("birch", Role.LEAD)
    open_check("crisis")
    draft = build.draft(birch)
    head = draft.head()
    assert head is not None
    request: dict[str, Any] = {
        "by": birch,
        "text": head.text,
        "base": head.number,
        "client_key": uuid.uuid4(),
        "because": "A reason.",
    }
    with pytest.raises(Refused, match="not fully checked"):
        actions.ask_for_help(draft, mode=Mode.GENERATE, **request)
    assert actions.ask_for_help(draft, mode=Mode.IMPROVE, **request).mode == Mode.IMPROVE


def test_moderators_and_admins_see_the_state_and_supporters_do_not(client: Client) -> None:
    open_check("crisis", "LexiconError")
    for role, seen in ((Role.MODERATOR, True), (Role.ADMIN, True), (Role.SUPPORTER, False)):
        client.force_login(build.person(role.value, role))
        page = client.get("/", follow=True).text
        assert ("safety checks are not trusted" in page) is seen
        assert ("LexiconError" in page) is seen


def test_the_health_page_says_whether_the_checks_are_whole(client: Client) -> None:
    assert client.get("/healthz").json()["safety"] == "ok"
    open_check()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["safety"]) == (200, "degraded")
    assert answer.json()["help_available"] is False


def test_a_worker_elsewhere_reports_its_checks_until_it_is_silent(client: Client) -> None:
    open_check()
    beat()
    told = Worker.objects.get().safety
    assert [(entry["check"], entry["status"]) for entry in told] == [("repetition", "open")]
    pipeline.forget_default_pipeline()
    Worker.objects.create(name="elsewhere:1", seen_at=timezone.now(), safety=told)
    assert [(trouble.check, trouble.where) for trouble in troubles_of_site()] == [("repetition", "elsewhere:1")]
    assert client.get("/healthz").json()["safety"] == "degraded"
    Worker.objects.filter(name="elsewhere:1").update(seen_at=timezone.now() - timedelta(minutes=5))
    assert troubles_of_site() == []
