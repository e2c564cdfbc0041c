"""What asking for a goal changes: suggestions asked with one wording of it beside those asked without any goal.

Nobody is assigned a goal: people choose one where they miss something, so the figures describe and do not prove. Both sides
are of the same models and of the same time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from assistant.actions.suggestions import verdicts_by_suggestion
from assistant.adherence import Measure
from assistant.inference.aims import Aim
from assistant.inference.prompts import told_in
from assistant.inference.trained_prompts import Goal
from assistant.inference.types import Mode
from assistant.intervals import Interval, difference, mean_of, share_in_groups
from assistant.models import ChangeVerdict, Suggestion, SuggestionFigures

FEW = 30  # suggestions on each side: below, nothing is said
LONGEST = timedelta(days=365)
TRAINED = 0  # instead of a wording's version, where a model was told the word that it was trained on

Wording = tuple[str, int]  # code and version


@dataclass(frozen=True, slots=True)
class Asked:
    """One suggestion that somebody could decide about."""

    at: datetime
    model: uuid.UUID | None
    goals: frozenset[Wording]  # as its model was told; empty where it was asked without any
    wished: bool  # whether any goal was chosen
    offered: int
    used: int
    not_helpful: int
    change: dict[str, float]


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure with the goal, without any, and how far they are apart."""

    with_goal: Interval
    without: Interval
    apart: Interval

    @classmethod
    def of(cls, with_goal: Interval | None, without: Interval | None) -> Beside | None:
        if with_goal is None or without is None:
            return None
        return cls(with_goal, without, difference(with_goal, without))


@dataclass(frozen=True, slots=True)
class Effect:
    with_goal: int  # suggestions
    without: int
    changes_with_goal: int  # offered in them
    changes_without: int
    since: datetime | None = None
    until: datetime | None = None
    used: Beside | None = None
    not_helpful: Beside | None = None
    wording: Beside | None = None  # the goal's own measure: suggestion less draft

    @property
    def too_few(self) -> bool:
        return min(self.with_goal, self.without) < FEW


def effect_of(wording: Wording, measure: str, asked: Sequence[Asked]) -> Effect:
    with_goal = [one for one in asked if wording in one.goals]
    if not with_goal:
        return Effect(0, 0, 0, 0)
    times, models = [one.at for one in with_goal], {one.model for one in with_goal}
    first, last = min(times), max(times)
    without = [one for one in asked if not one.wished and first <= one.at <= last and one.model in models]
    effect = Effect(len(with_goal), len(without), _changes(with_goal), _changes(without), first, last)
    if effect.too_few:
        return effect
    return replace(
        effect,
        used=_shares(with_goal, without, lambda one: one.used),
        not_helpful=_shares(with_goal, without, lambda one: one.not_helpful),
        wording=_means(with_goal, without, measure) if measure in list(Measure) else None,
    )


def suggestions_asked() -> list[Asked]:
    """Of the last year, those that were shown, with the latest verdict on each change."""
    since = timezone.now() - LONGEST
    verdicts = verdicts_by_suggestion(ChangeVerdict.objects.filter(suggestion__created_at__gte=since))
    rows = SuggestionFigures.objects.filter(
        suggestion__status__in=Suggestion.VISIBLE, suggestion__created_at__gte=since, suggestion__job__mode=Mode.IMPROVE
    ).values_list(
        "suggestion_id",
        "suggestion__created_at",
        "suggestion__model_version_id",
        "suggestion__prompt_version",
        "suggestion__job__goals",
        "offered",
        "change",
    )
    return [
        Asked(
            at=at,
            model=model,
            goals=frozenset(_told(prompt, goals)),
            wished=bool(goals),
            offered=offered,
            used=_count(verdicts.get(suggestion, {}), ChangeVerdict.Verdict.ACCEPTED),
            not_helpful=_count(verdicts.get(suggestion, {}), ChangeVerdict.Verdict.UNHELPFUL),
            change=change,
        )
        for suggestion, at, model, prompt, goals, offered, change in rows
    ]


def _count(verdicts: Mapping[int, ChangeVerdict], verdict: str) -> int:
    return sum(row.verdict == verdict for row in verdicts.values())


def _told(prompt: str, goals: Sequence[Wording]) -> Iterator[Wording]:
    """A model that was trained is told its own word, whatever the wording; one whose prompt has none for it is told nothing."""
    for code, version in goals:
        told = told_in(prompt, Aim(code, told=""))
        if told is not None:
            yield code, TRAINED if isinstance(told, Goal) else version


def _changes(asked: Sequence[Asked]) -> int:
    return sum(one.offered for one in asked)


def _shares(with_goal: Sequence[Asked], without: Sequence[Asked], hits: Callable[[Asked], int]) -> Beside | None:
    def share(asked: Sequence[Asked]) -> Interval | None:
        return share_in_groups([min(hits(one), one.offered) for one in asked], [one.offered for one in asked])

    return Beside.of(share(with_goal), share(without))


def _means(with_goal: Sequence[Asked], without: Sequence[Asked], measure: str) -> Beside | None:
    """Nothing where too few of the texts have this measure."""
    both = [[one.change[measure] for one in asked if measure in one.change] for asked in (with_goal, without)]
    if min(map(len, both)) < FEW:
        return None
    return Beside.of(mean_of(both[0]), mean_of(both[1]))
