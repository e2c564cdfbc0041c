"""Implicit preference accuracy: whether a model finds the answer likelier that people voted for, beside "longer is better"."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from assistant.inference.aims import aim_of
from assistant.inference.engine import EngineError
from assistant.inference.measuring import Measuring
from assistant.inference.modelfile import ModelFile
from assistant.inference.prompts import build_prompt
from assistant.inference.trained_prompts import Goal, Task
from assistant.inference.types import Mode, Prompt
from evaluation.revisions import asking
from evaluation.revisions.outputs import SPLITS, split_of
from evaluation.rows import Row, drawn, jsonl_rows
from evaluation.stats import Estimate, mean_drawn_again, paired
from evaluation.suite import BadData, Figure, Options, PerCase, Results, Suite

SHORTEST, LONGEST = 0.8, 1.25  # words of the better answer over those of the other: about the same length
AT_A_TIME = 16  # pairs, between two moves of the progress bar
LONGER = "longer is better"
MATCHED = ", pairs of like length"
TASKS = (Task.GENERATE, Task.IMPROVE)


@dataclass(frozen=True, slots=True)
class Pair:
    """Texts are left out of its `repr`, so that none gets into a message."""

    id: str
    group: str  # the question; each counts once, however many pairs it has
    post: str = field(repr=False)
    draft: str = field(repr=False)
    chosen: str = field(repr=False)
    rejected: str = field(repr=False)
    goals: tuple[Goal, ...] = ()
    keep: tuple[str, ...] = field(default=(), repr=False)

    @property
    def words(self) -> tuple[int, int]:
        return len(self.chosen.split()), len(self.rejected.split())

    @property
    def is_matched(self) -> bool:
        better, other = self.words
        return SHORTEST <= better / max(1, other) <= LONGEST


@dataclass(frozen=True, slots=True)
class Told:
    """Of one pair: the summed log-likelihood and the tokens of both answers, the better one first."""

    pair: Pair
    model: tuple[tuple[float, int], tuple[float, int]]
    base: tuple[tuple[float, int], tuple[float, int]]  # without the adapter, asked in the same way


# How a pair is decided, by log-likelihoods: above 0 for the better answer, 0 for no decision.
WAYS: dict[str, Callable[[Told], float]] = {
    LONGER: lambda one: one.pair.words[0] - one.pair.words[1],
    "by sum": lambda one: one.model[0][0] - one.model[1][0],
    "by token": lambda one: _per_token(one.model[0]) - _per_token(one.model[1]),
    "by gain on the base": lambda one: (one.model[0][0] - one.base[0][0]) - (one.model[1][0] - one.base[1][0]),
}
GAIN = "by gain on the base"

NOTES = (
    "The better answer is the one that people voted for, or ranked higher. Votes go to answers that came early, are long or are"
    f' by somebody known; so "{LONGER}" and pairs of like length ({SHORTEST} to {LONGEST} times the words) stand beside.',
    "Summed log-likelihood prefers short answers, that per token long ones; the gain on the base is what DPO trains.",
    "Each question counts once, and intervals draw questions again. With few of them even 0.5 and 0.9 cannot be told apart.",
    "A quantised base rounds by what lies in the context: sums of log-likelihoods repeat to about half a percent.",
    "To find an answer likelier is not to write one as good.",
)


class Preference(Suite[Pair]):
    name = "preference"
    version = 1
    says = "which of two answers to one post a model finds likelier, on votes that it was not trained on"
    asks = Task.GENERATE

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", type=Path, metavar="FILE", help="the base model, a GGUF file")
        parser.add_argument("--adapter", type=Path, metavar="FILE", help="a GGUF adapter on top of it")
        parser.add_argument(
            "--task", choices=[str(one) for one in TASKS], default=str(TASKS[0]), help="rows of this task"
        )
        prompts = [one for task in TASKS for one in asking.VERSIONS_FOR[task]]
        parser.add_argument("--prompt", choices=prompts, help="how the model is asked (as trained with an adapter)")
        parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="rows of this split (held_out)")

    def asks_for(self, asked: Namespace) -> Task:
        return Task(asked.task)

    def load(self, path: Path, options: Options) -> list[Pair]:
        if not options.more.get("model"):
            raise BadData(path, "", "needs --model FILE to ask.")
        split, task = split_of(options), str(options.more["task"])
        rows = [
            _pair(row)
            for row in jsonl_rows(path)
            if row.text("task", missing=task) == task and row.text("split", missing=split) == split
        ]
        return drawn(rows, options)

    def measure(self, cases: Sequence[Pair], options: Options) -> Results:
        more = options.more
        base = asking.measured(more["model"])
        adapter = asking.measured(more["adapter"]) if more.get("adapter") else None
        task = Task(more["task"])
        version = str(more.get("prompt") or asking.VERSIONS_FOR[task][1 if adapter else 0])
        mode = Mode.GENERATE if task is Task.GENERATE else Mode.IMPROVE
        prompts = [_prompt(one, mode, version) for one in cases]
        try:
            told = told_of(cases, prompts, base, adapter)
        except EngineError as error:
            raise BadData(base.path, "", str(error)) from error
        if not told:
            raise BadData(base.path, "", f"{len(cases)} pairs, and each is too long for this model.")
        return report(
            told,
            seed=options.seed,
            with_gain=adapter is not None,
            facts={
                **asking.model_facts(base, adapter, version),
                "split": split_of(options),
                "left out as too long": len(cases) - len(told),
            },
        )


SUITE = Preference()


def _pair(row: Row) -> Pair:
    chosen, rejected = row.text("chosen"), row.text("rejected")
    if not chosen.strip() or not rejected.strip() or chosen == rejected:
        raise BadData(row.path, row.where, 'want "chosen" and "rejected" with two different texts.')
    identity = row.identity(row.where)
    return Pair(
        id=identity,
        group=row.text("group", missing="") or identity,
        post=row.text("post", missing=""),
        draft=row.text("draft", missing=""),
        chosen=chosen,
        rejected=rejected,
        goals=row.goals(),
        keep=row.texts("keep"),
    )


def _prompt(pair: Pair, mode: Mode, version: str) -> Prompt:
    goals = [aim_of(goal) for goal in pair.goals]
    return build_prompt(mode, post=pair.post, draft=pair.draft, version=version, goals=goals, keep=pair.keep)


def told_of(cases: Sequence[Pair], prompts: Sequence[Prompt], base: ModelFile, adapter: ModelFile | None) -> list[Told]:
    """Those that fit. Raises EngineError."""
    asked = [(prompt, (one.chosen, one.rejected)) for prompt, one in zip(prompts, cases, strict=True)]
    told: list[Told] = []
    with Measuring() as process, tqdm(total=len(asked), unit="pair", file=sys.stderr) as bar:
        for start in range(0, len(asked), AT_A_TIME):
            part = asked[start : start + AT_A_TIME]
            alone = process.likelihoods(base, None, part)
            both = process.likelihoods(base, adapter, part) if adapter else alone
            for one, own, without in zip(cases[start : start + AT_A_TIME], both, alone, strict=True):
                if own and without:
                    told.append(Told(one, (own[0], own[1]), (without[0], without[1])))
            bar.update(len(part))
    return told


def _per_token(answer: tuple[float, int]) -> float:
    return answer[0] / answer[1]


def by_question(told: Sequence[Told], way: Callable[[Told], float]) -> dict[str, float]:
    """The share of its pairs that are decided for the better answer; no decision counts half."""
    right: dict[str, list[float]] = {}
    for one in told:
        right.setdefault(one.pair.group, []).append(float(np.heaviside(way(one), 0.5)))
    return {group: sum(values) / len(values) for group, values in right.items()}


def report(told: Sequence[Told], *, seed: int, with_gain: bool, facts: dict[str, str | int | float]) -> Results:
    questions = tuple(dict.fromkeys(one.pair.group for one in told))
    figures: list[Figure] = []
    columns: dict[str, tuple[float | None, ...]] = {}
    for part, kept in (("", told), (MATCHED, [one for one in told if one.pair.is_matched])):
        by_way = {name: by_question(kept, way) for name, way in WAYS.items() if with_gain or name != GAIN}
        for name, right in by_way.items():
            figure = f"preference accuracy, {name}{part}"
            figures.append(Figure(figure, mean_drawn_again(list(right.values()), seed=seed)))
            if right:
                columns[figure] = tuple(right.get(question) for question in questions)
        for name, right in by_way.items():
            if name != LONGER:
                figures.append(Figure(f"{name}, less {LONGER}{part}", _less(right, by_way[LONGER], seed=seed)))
    return Results(
        figures=tuple(figures),
        notes=NOTES,
        facts={
            **facts,
            "pairs": len(told),
            "questions": len(questions),
            "pairs of like length": sum(one.pair.is_matched for one in told),
        },
        per_case=PerCase(questions, columns),
    )


def _less(right: dict[str, float], other: dict[str, float], *, seed: int) -> Estimate:
    if not right:
        return mean_drawn_again([])
    return paired([right[one] for one in right], [other[one] for one in right], seed=seed).difference
