"""What a supporter may soon ask about is prepared for their case and no other, and forgotten when their writing is over."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, preparing, runner
from assistant.inference.engine import ModelUnavailable
from assistant.inference.types import Mode, Preparation
from assistant.models import Draft, ModelVersion, Post
from assistant.safety import pipeline
from assistant.worker_state import Serving, holder
from webapp import test as build
from webapp.accounts.models import User
from webapp.privacy import erase_post
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db

CANARY = "quartzmarigold"


@pytest.fixture(autouse=True)
def nothing_watched(db: None) -> None:
    """Of cases of earlier tests, which are gone from the database."""
    preparing.forget_closed(engine=FakeEngine())


@pytest.fixture
def draft(cast: Cast) -> Draft:
    return build.draft(cast.wren)


def words(preparation: Preparation) -> str:
    return "".join(segment.text for segment in preparation.prompt.segments)


# What is prepared


@pytest.mark.django_db(transaction=True)  # a runner renews its lease from another thread
def test_a_draft_is_prepared_as_the_job_will_ask_about_it(draft: Draft) -> None:
    engine = FakeEngine().will_say(build.KIND_REVISION)
    assert preparing.prepare(draft.id, engine=engine)
    runner.run_job(build.job(draft).id, engine=engine)
    [prepared], [asked] = engine.prepared, engine.asked
    assert (prepared.prompt, prepared.case, prepared.adapter) == (asked.prompt, asked.case, asked.adapter)
    assert prepared.case == str(draft.case_id)


def test_it_is_prepared_in_the_words_that_the_active_model_was_trained_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = ModelVersion(name="warm", kind="adapter", mode="improve", prompt="improve-2")
    engine = FakeEngine()
    monkeypatch.setattr(holder, "_ready", {Mode.IMPROVE: Serving(engine, version, "warm")})
    for text in ("", build.KIND_DRAFT):
        preparing.prepare(build.draft(cast.wren, text).id, engine=engine)
    assert [(one.prompt.version, one.adapter) for one in engine.prepared] == [("improve-2", "warm")] * 2


@pytest.mark.parametrize("text", ["", f"That is tough, {CANARY}."])
def test_with_too_few_words_to_ask_the_post_is_prepared(cast: Cast, text: str) -> None:
    draft, engine = build.draft(cast.wren, text), FakeEngine()
    preparing.prepare(draft.id, engine=engine)
    actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
    preparing.prepare(draft.id, engine=engine)
    opening, whole = map(words, engine.prepared)
    assert whole.startswith(opening)
    assert build.CALM_POST in opening
    assert CANARY not in opening


def test_nothing_of_one_case_is_prepared_into_another(cast: Cast) -> None:
    mine = build.draft(cast.wren, f"I hear you, {CANARY}. It was long ago.", post_text=f"They call me {CANARY}.")
    others = build.draft(cast.robin)
    engine = FakeEngine()
    for draft in (mine, others, mine):
        preparing.prepare(draft.id, engine=engine)
    assert [(one.case, CANARY in words(one)) for one in engine.prepared] == [
        (str(mine.case_id), True),
        (str(others.case_id), False),
        (str(mine.case_id), True),
    ]


def test_what_a_former_supporter_wrote_is_not_prepared_with_the_post_of_the_next_one(cast: Cast) -> None:
    former, engine = build.draft(cast.wren, f"I hear you, {CANARY}. It was long ago."), FakeEngine()
    actions.give_back_post(former, by=cast.wren)
    taken = actions.take_next_post(cast.robin)
    assert taken is not None
    assert taken.case_id == former.case_id
    assert not preparing.prepare(former.id, engine=engine)
    assert preparing.prepare(taken.id, engine=engine)
    assert [CANARY in words(one) for one in engine.prepared] == [False]


# When nothing is


def human_only(draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(human_only=True)


def lease_ran_out(draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(leased_until=timezone.now() - timedelta(seconds=1))


def leased_to_another(draft: Draft) -> None:
    Post.objects.filter(id=draft.post_id).update(leased_by=build.person("somebody else"))


def given_back(draft: Draft) -> None:
    actions.give_back_post(draft, by=draft.author)


def handed_over(draft: Draft) -> None:
    actions.hand_over_post(draft, by=draft.author)


def sent(draft: Draft) -> None:
    actions.send_reply(draft, by=draft.author, revision=build.head_of(draft))


def erased(draft: Draft) -> None:
    erase_post(draft.post)


def account_closed(draft: Draft) -> None:
    User.objects.filter(pk=draft.author_id).update(is_active=False)


OVER = [human_only, lease_ran_out, leased_to_another, given_back, handed_over, sent, erased, account_closed]


@pytest.mark.parametrize("over", OVER)
def test_where_nobody_may_ask_nothing_is_prepared(draft: Draft, over: Callable[[Draft], None]) -> None:
    over(draft)
    engine = FakeEngine()
    assert not preparing.prepare(draft.id, engine=engine)
    assert engine.prepared == []


@pytest.mark.parametrize("over", OVER)
def test_the_round_forgets_what_nobody_may_ask_about_any_more(
    cast: Cast, draft: Draft, over: Callable[[Draft], None]
) -> None:
    engine, other = FakeEngine(), build.draft(cast.birch)
    preparing.prepare(draft.id, engine=engine)
    preparing.prepare(other.id, engine=engine)
    assert preparing.forget_closed(engine=engine) == 0
    over(draft)
    assert preparing.forget_closed(engine=engine) == 1
    assert engine.forgotten == [str(draft.case_id)]
    assert preparing.forget_closed(engine=engine) == 0  # once is enough


def test_a_reply_that_came_back_is_prepared_again(cast: Cast, draft: Draft) -> None:
    sent(draft)
    Draft.objects.filter(id=draft.id).update(status=Draft.Status.RETURNED)
    assert preparing.prepare(draft.id, engine=FakeEngine())


def test_a_job_that_waits_goes_first(cast: Cast, draft: Draft) -> None:
    build.job(build.draft(cast.robin))
    assert not preparing.prepare(draft.id, engine=FakeEngine())


def test_a_job_that_waits_for_another_kind_of_worker_does_not(cast: Cast, draft: Draft, settings: Settings) -> None:
    build.job(build.draft(cast.birch), mode="generate", because="No words today.")
    assert not preparing.prepare(draft.id, engine=FakeEngine())
    settings.EMBEDDED, settings.WORKER_MODES = False, ["improve"]
    assert preparing.prepare(draft.id, engine=FakeEngine())


def test_while_checks_are_in_trouble_nothing_is_prepared(draft: Draft) -> None:
    pipeline.default_pipeline().breaker.open("repetition", "ValueError")
    try:
        assert not preparing.prepare(draft.id, engine=FakeEngine())
    finally:
        pipeline.forget_default_pipeline()


def test_it_loads_no_model(draft: Draft) -> None:
    assert holder.ready() is None
    assert not preparing.prepare(draft.id)
    assert holder.ready() is None


def test_an_engine_that_fails_is_no_trouble(draft: Draft) -> None:
    class Failing(FakeEngine):
        def prepare(self, preparation: Preparation) -> None:
            raise ModelUnavailable("gone")

    assert not preparing.prepare(draft.id, engine=Failing())
    assert not preparing.prepare(uuid.uuid4(), engine=FakeEngine())


def test_what_is_closed_while_it_is_prepared_is_forgotten(draft: Draft) -> None:
    """The message that the case closed may have come before."""

    class Slow(FakeEngine):
        def prepare(self, preparation: Preparation) -> None:
            sent(draft)
            self.forget(preparation.case)
            super().prepare(preparation)

    engine = Slow()
    assert not preparing.prepare(draft.id, engine=engine)
    assert len(engine.prepared) == 1
    assert engine.forgotten == [str(draft.case_id)] * 2
