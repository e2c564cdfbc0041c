"""What asking for a goal changed: numbers that were kept with the suggestions, and what people decided."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from assistant import actions, runner
from assistant.actions import figures
from assistant.goal_effects import FEW, TRAINED, Effect, effect_of, suggestions_asked
from assistant.models import ChangeVerdict, ModelVersion, Suggestion, SuggestionFigures, SuggestionJob
from webapp import test as build
from webapp.test import Cast, FakeEngine, read


class Asked:
    """Suggestions that were asked, shown and decided on, as rows: what is in their texts plays no part."""

    def __init__(self, cast: Cast) -> None:
        self.draft = build.draft(cast.wren)
        self.model = ModelVersion.objects.create(name="here", path="a.gguf", sha256="1" * 64, size=1)
        self.at = timezone.now() - timedelta(days=3)

    def add(self, count: int, goals: Any = (), *, words: float = 0, used: int = 0, **fields: Any) -> None:
        """Two changes are offered in each; `used` of them are used, and one is not helpful where `unhelpful` says so."""
        for number in range(count):
            job = SuggestionJob.objects.create(
                case=self.draft.case,
                draft=self.draft,
                revision=build.head_of(self.draft),
                asked_by=self.draft.author,
                mode="improve",
                status="done",
                goals=[list(one) for one in goals],
                client_key=uuid.uuid4(),
            )
            row = Suggestion.objects.create(
                case=self.draft.case,
                job=job,
                text="",
                changes="[]",
                status=fields.get("status", "shown"),
                model_version=fields.get("model", self.model),
                prompt_version=fields.get("prompt", "improve-3"),
                prompt_tokens=1,
                output_tokens=1,
                seconds=1,
                created_at=fields.get("at", self.at + timedelta(minutes=number)),
            )
            change = {"words": words + number % 3 - 1, "warmth": 1.0}
            SuggestionFigures.objects.create(suggestion=row, offered=2, change=change)
            self.decide(row, ["accepted"] * used + ["unhelpful"] * fields.get("unhelpful", 0))

    def decide(self, row: Suggestion, verdicts: list[str]) -> None:
        for index, verdict in enumerate(verdicts):
            ChangeVerdict.objects.create(
                suggestion=row, index=index, verdict=verdict, revision=build.head_of(self.draft)
            )


@pytest.fixture
def asked(cast: Cast) -> Asked:
    return Asked(cast)


def effect(code: str = "shorter", version: int = 1, measure: str = "words") -> Effect:
    return effect_of((code, version), measure, suggestions_asked())


@pytest.mark.django_db
def test_a_goal_stands_beside_suggestions_without_any_of_the_same_time_and_model(asked: Asked) -> None:
    other = ModelVersion.objects.create(name="other", path="b.gguf", sha256="2" * 64, size=1)
    asked.add(FEW, [("shorter", 1)], words=-10, used=1)
    asked.add(FEW + 5, words=-2, used=0, unhelpful=1, at=asked.at + timedelta(minutes=5))
    asked.add(4, [("warmer", 1)], used=2, at=asked.at + timedelta(minutes=5))  # with another goal
    asked.add(4, model=other, at=asked.at + timedelta(minutes=5))
    asked.add(4, at=asked.at - timedelta(days=1))
    asked.add(4, status="held", at=asked.at + timedelta(minutes=5))
    asked.add(4, at=timezone.now() - timedelta(days=400))
    found = effect()
    assert (found.with_goal, found.without) == (FEW, FEW + 5)
    assert (found.changes_with_goal, found.changes_without) == (2 * FEW, 2 * FEW + 10)
    assert found.used is not None
    assert (found.used.with_goal.value, found.used.without.value) == (0.5, 0.0)
    assert found.used.apart.low > 0
    assert found.not_helpful is not None
    assert (found.not_helpful.with_goal.value, found.not_helpful.without.value) == (0.0, 0.5)
    assert found.not_helpful.apart.high < 0
    assert found.wording is not None
    assert found.wording.with_goal.value == pytest.approx(-10)
    assert found.wording.apart.value == pytest.approx(-8, abs=0.2)
    assert found.wording.apart.high < -7


@pytest.mark.django_db
def test_of_few_nothing_is_said(asked: Asked) -> None:
    asked.add(FEW, [("shorter", 1)], used=2)
    asked.add(FEW - 1, at=asked.at)
    found = effect()
    assert found.too_few
    assert (found.with_goal, found.without) == (FEW, FEW - 1)
    assert (found.used, found.not_helpful, found.wording) == (None, None, None)


@pytest.mark.django_db
def test_what_was_undone_counts_for_neither(asked: Asked) -> None:
    asked.add(FEW, [("shorter", 1)], used=1)
    asked.add(FEW, at=asked.at)
    row = Suggestion.objects.filter(job__goals__0__0="shorter").first()
    assert row is not None
    asked.decide(row, ["undone"])
    found = effect()
    assert found.used is not None
    assert found.used.with_goal.value == pytest.approx((FEW - 1) / (2 * FEW))


@pytest.mark.django_db
def test_an_effect_belongs_to_a_wording(asked: Asked) -> None:
    asked.add(FEW, [("shorter", 1)], words=-10)
    asked.add(3, [("shorter", 2)])
    asked.add(FEW, at=asked.at)
    assert (effect(version=1).with_goal, effect(version=2).with_goal) == (FEW, 3)


@pytest.mark.django_db
def test_a_model_that_was_trained_heard_its_own_word_whatever_the_wording(asked: Asked) -> None:
    asked.add(2, [("shorter", 1)], prompt="improve-2")
    asked.add(1, [("shorter", 2)], prompt="improve-2")
    asked.add(1, [("a_rhyme", 1)], prompt="improve-2")  # was chosen for another model, and this one was not told
    asked.add(1, at=asked.at, prompt="improve-2")
    assert (effect(version=TRAINED).with_goal, effect(version=1).with_goal) == (3, 0)
    assert effect(version=TRAINED).without == 1
    assert effect("a_rhyme", 1).with_goal == 0


@pytest.mark.django_db
def test_a_measure_that_few_texts_have_is_left_out(asked: Asked) -> None:
    asked.add(FEW, [("plainer", 1)])
    asked.add(FEW, at=asked.at)
    assert effect("plainer", measure="reading").wording is None
    assert effect("plainer", measure="").wording is None
    assert effect("plainer", measure="words").wording is not None


@pytest.mark.django_db
def test_the_page_says_it_in_words_and_shows_no_text(asked: Asked, cast: Cast, client: Client) -> None:
    asked.add(FEW, [("shorter", 1)], words=-10, used=1)
    asked.add(FEW, words=-2, at=asked.at)
    asked.add(2, [("warmer", 1)])
    client.force_login(cast.willow)
    answer = client.get("/goals/")
    page = read(answer)
    assert "Changes used +50 points [+" in page
    assert "50 % [" in page
    assert "of 60 with it; 0 % [0, " in page
    assert "Changes called not helpful 0 points [" in page
    assert "Words in all −8.0 [−8.4, −7.6] less −10.0 [−10.3, −9.7] with it; −2.0" in page
    assert "Asked with it: 2. Without any goal in the same time: 30. Too few to say anything." in page
    assert page.count("Nobody has asked with it yet.") == 5
    assert build.CALM_POST not in page
    assert build.KIND_DRAFT not in page


# What is kept of a suggestion


@pytest.mark.django_db(transaction=True)
def test_a_suggestion_leaves_numbers_and_no_words(cast: Cast) -> None:
    job = build.job(build.draft(cast.wren))
    runner.run_job(job.id, engine=FakeEngine().will_say("Moving is hard. What would you cook for a friend?"))
    kept = SuggestionFigures.objects.get()
    assert kept.suggestion.job == job
    assert kept.offered > 0
    assert kept.change["words"] == -9
    assert all(isinstance(value, int | float) for value in kept.change.values())


@pytest.mark.django_db(transaction=True)
def test_no_suggestion_is_lost_when_counting_fails(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "measured", lambda *_, **__: 1 / 0)
    job = build.job(build.draft(cast.wren))
    runner.run_job(job.id, engine=FakeEngine().will_say(build.KIND_REVISION))
    job.refresh_from_db()
    assert job.status == "done"
    assert Suggestion.objects.get().is_visible
    assert not SuggestionFigures.objects.exists()


@pytest.mark.django_db
def test_what_a_moderator_changed_is_not_counted_as_the_model_s(cast: Cast) -> None:
    row = build.suggestion(build.draft(cast.wren))
    Suggestion.objects.update(status="held")
    row.refresh_from_db()
    actions.keep_figures(row)
    assert SuggestionFigures.objects.exists()
    actions.release(row, approval=uuid.uuid4(), edited_text="Moving is hard.")
    assert not SuggestionFigures.objects.exists()


@pytest.mark.django_db
def test_a_draft_from_the_post_has_nothing_to_compare(cast: Cast) -> None:
    row = build.suggestion(build.draft(cast.wren))
    row.job.mode = "generate"
    actions.keep_figures(row)
    assert not SuggestionFigures.objects.exists()


@pytest.mark.django_db
def test_the_command_says_the_same_at_the_terminal(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.add(FEW, [("shorter", 1)], words=-10, used=1)
    asked.add(FEW, words=-2, at=asked.at)
    call_command("goals", "list")
    said = capsys.readouterr().out
    assert "No model is active, so no goal is offered." in said
    assert "shorter               Shorter: on\n    Make it shorter: " in said
    call_command("goals", "measure")
    said = capsys.readouterr().out
    assert "Wording 1: asked 30, without any goal 30\n        Changes used: +50 points" in said
    assert "Wording 1: asked 0, without any goal 0, too few to say anything" in said
