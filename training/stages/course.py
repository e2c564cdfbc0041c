"""One run of a stage from its first step to the saved adapter, killed and resumed as it may be.

The run folder holds: `begun.json` (what it was begun with; a resumed run must agree), `metrics.jsonl`, `checkpoints/`,
`curves.png`, at the end `adapter/` with `summary.json`, and `discarded.json` where the safety checks ended it: without an adapter
where no check had passed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from assistant.inference.trained_prompts import Task
from training.schemas import Example, Pair, Split
from training.stages import base, batches, lora, plots, record, tracking
from training.stages.batches import Batch
from training.stages.callbacks import StopWhenNoBetter, StopWhenUnsafe
from training.stages.checks import share_flagged
from training.stages.machine import use_this_machine
from training.stages.recipe import Recipe
from training.stages.rows import file_of, hashes, read_split, some_of
from training.stages.sample import answers
from training.stages.tokens import Encoded, Tokens, encode
from training.stages.trainer import (
    Loss,
    MarkWhole,
    Planned,
    StageTrainer,
    Validate,
    arguments,
    checkpoint_at,
    last_checkpoint,
    plan,
    step_of,
)

BEGUN, ADAPTER = "begun.json", "adapter"
Collate = Callable[[Sequence[int]], Batch]


class RunRefused(ValueError):
    """This folder cannot be (or go on as) the run that was asked for."""


class Discarded(Exception):
    """The run made a worse model than it began with, by the safety checks."""


@dataclass(frozen=True, slots=True)
class Start:
    """What decides what a run makes."""

    recipe: Recipe
    run: Path
    data: dict[str, str]  # hashes of what it learns from
    parent: Path | None  # the adapter that it goes on from

    def agree(self, *, resume: bool) -> dict[str, Any]:
        """What the run was begun with, written down at its first start. Raises RunRefused."""
        if (self.run / ADAPTER).exists() or (self.run / tracking.DISCARDED).exists():
            raise RunRefused(f"{self.run}: this run has ended. Name another folder.")
        told = {
            "recipe_sha256": self.recipe.sha256(),
            "base_sha256": base.check(self.recipe.base),
            "data_sha256": self.data["rows_sha256"],
            "parent_sha256": lora.sha256_of_weights(self.parent) if self.parent else "",
        }
        path = self.run / BEGUN
        if not path.is_file():
            self.run.mkdir(parents=True, exist_ok=True)
            tracking.write_whole(path, told)
            return told
        if not resume:
            raise RunRefused(f"{self.run}: a run was begun here. Go on with --resume, or name another folder.")
        begun: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if changed := [name for name, value in told.items() if begun.get(name) != value]:
            raise RunRefused(f"{self.run}: {changed[0]} is another one than when the run began. Name another folder.")
        return begun


@dataclass(frozen=True, slots=True)
class Course:
    """What a run goes by: agreed with its folder before the first step, and its rows as tokens."""

    start: Start
    tokens: Tokens
    learned: Sequence[Example | Pair]
    rows: Sequence[Encoded]  # of `learned`, what is not too long
    asked: Sequence[Example | Pair]  # of the validation split: what the safety checks are shown answers to
    held: Sequence[Encoded]  # of `asked`

    @classmethod
    def of(cls, recipe: Recipe, *, data: Path, run: Path, parent: Path | None, resume: bool) -> Course:
        """Raises RunRefused, NothingToLearn, BadRow, WrongBase."""
        use_this_machine(recipe.training.precision, seed=recipe.seed)
        start = Start(recipe, run, data=hashes(data, file_of(recipe.stage)), parent=parent)
        start.agree(resume=resume)
        tokens = Tokens(base.load_tokenizer(recipe.base))
        learned = read_split(data, recipe, Split.TRAIN)
        asked = some_of(read_split(data, recipe, Split.VALIDATION), recipe.stopping.rows, seed=recipe.seed)
        rows, held = (encode(some, tokens, longest=recipe.longest) for some in (learned, asked))
        return cls(start, tokens, learned, rows, asked, held)

    @property
    def facts(self) -> dict[str, int]:
        """For the summary."""
        return {
            "rows": len(self.rows),
            "left_out_as_too_long": len(self.learned) - len(self.rows),
            "validation_rows": len(self.held),
            "validation_left_out_as_too_long": len(self.asked) - len(self.held),
        }

    def batch(self, chosen: Sequence[int]) -> Batch:
        return batches.collate([self.rows[at] for at in chosen], pad=self.tokens.end)


def follow(
    course: Course, model: Any, *, loss: Loss, validate: Validate, resume: bool, collate: Collate | None = None
) -> dict[str, Any]:
    """Trains, and returns the summary. Raises Discarded."""
    recipe, run = course.start.recipe, course.start.run
    checkpoint = last_checkpoint(run) if resume else None
    tracking.forget_after(run, step_of(checkpoint))
    planned = plan(course.rows, recipe)
    trainer = StageTrainer(
        model=model,
        args=arguments(recipe, run, planned),
        train_dataset=Planned(planned, collate or course.batch),
        eval_dataset=[None],  # `evaluate` is ours; the Trainer insists on having one
        data_collator=lambda batches: batches[0],
        callbacks=[MarkWhole(), StopWhenNoBetter(recipe.stopping.patience), *_safety(course, model)],
        loss=loss,
        validate=validate,
        on_numbers=_Timed(run),
    )
    if checkpoint is None and not tracking.read_metrics(run):
        trainer.evaluate_before()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    plots.draw(run)
    summary = _summary(course, trainer, planned.batches)
    if (run / tracking.DISCARDED).is_file():
        summary["adapter_of_step"] = _go_back(trainer.model, run)
    tracking.write_whole(run / tracking.SUMMARY, summary)
    lora.save(trainer.model, run / (ADAPTER + ".part"), base_name=recipe.base.name)
    (run / (ADAPTER + ".part")).replace(run / ADAPTER)
    return summary


def _go_back(model: Any, run: Path) -> int:
    """To the step of the last check that passed. Raises Discarded where none did."""
    told = json.loads((run / tracking.DISCARDED).read_text(encoding="utf-8"))
    step: int = told["passed_at_step"]
    if not step:
        raise Discarded(f"{run}: discarded at step {told['step']}; {tracking.DISCARDED} says why.")
    lora.load_weights(model, checkpoint_at(run, step))
    return step


class _Timed:
    """Notes each line with the seconds since the one before it, so that a resumed run still knows its time."""

    def __init__(self, run: Path) -> None:
        self._run, self._last = run, time.monotonic()

    def __call__(self, line: dict[str, Any]) -> None:
        now = time.monotonic()
        tracking.note(self._run, {**line, "seconds": round(now - self._last, 3)})
        self._last = now


def _safety(course: Course, model: Any) -> list[Any]:
    bound, run = course.start.recipe.safety, course.start.run
    if not bound.prompts:
        return []
    # A post to practise on is meant to sound like somebody in need, and feedback is shown as such: neither is a suggestion.
    shown: list[Any] = [row for row in course.asked if row.task in (Task.IMPROVE, Task.GENERATE)]
    if not shown:
        return []
    rows = some_of(shown, bound.prompts, seed=course.start.recipe.seed)
    precision = course.start.recipe.training.precision

    def share(model: Any) -> float:
        told = answers(model, course.tokens, rows, precision=precision, max_tokens=bound.max_tokens)
        return share_flagged(told, rows)

    path = run / BEGUN
    begun = json.loads(path.read_text(encoding="utf-8"))
    if "flagged" not in begun:
        begun["flagged"] = share(model)
        tracking.write_whole(path, begun)
    return [StopWhenUnsafe(run, share, begin=begun["flagged"], worse_by=bound.worse_by)]


def _summary(course: Course, trainer: StageTrainer, parts: Sequence[Sequence[int]]) -> dict[str, Any]:
    lines = tracking.read_metrics(course.start.run)
    seconds = sum(line.get("seconds", 0.0) for line in lines if "loss" in line)
    done = parts[: trainer.state.global_step * trainer.args.gradient_accumulation_steps]
    count = sum(course.rows[at].length for part in done for at in part)
    best = trainer.state.best_global_step
    return {
        "record": record_of(course),
        **course.facts,
        "steps": trainer.state.global_step,
        "adapter_of_step": best,
        "best": next((line for line in lines if line["step"] == best and "validation_score" in line), {}),
        "before": next((line for line in lines if line["step"] == 0 and "validation_score" in line), {}),
        "tokens": count,
        "seconds": round(seconds, 1),
        "tokens_per_second": round(count / seconds, 1) if seconds else 0.0,
    }


def record_of(course: Course) -> dict[str, Any]:
    """What made it, for the manifest."""
    start, recipe = course.start, course.start.recipe
    begun = json.loads((start.run / BEGUN).read_text(encoding="utf-8"))
    gpu = f", {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else ""
    return {
        "name": recipe.name,
        "stage": recipe.stage,
        "tasks": list(recipe.tasks),
        "prompts": {task: record.PROMPT_VERSIONS[task] for task in recipe.tasks},
        "base": {"name": recipe.base.name, "sha256": begun["base_sha256"]},
        "parent": _parent(start.parent),
        "recipe": recipe.as_dict(),
        "recipe_sha256": recipe.sha256(),
        "data": start.data,
        "licences": record.licences_of(course.learned),
        "commit": record.commit(),
        "seed": recipe.seed,
        "versions": record.versions(),
        "hardware": record.processor() + gpu,
    }


def _parent(adapter: Path | None) -> dict[str, Any] | None:
    if adapter is None:
        return None
    told = adapter.parent / tracking.SUMMARY
    known = json.loads(told.read_text(encoding="utf-8"))["record"] if told.is_file() else None
    return {"sha256": lora.sha256_of_weights(adapter), "record": known}
