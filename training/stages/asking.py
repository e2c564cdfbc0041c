"""Rows to ask a model about, and what its answers are worth by plain rules. No torch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.inference.trained_prompts import Task
from training.schemas import Example, Split, read_rows
from training.stages.adherence import shares
from training.stages.recipe import Recipe
from training.stages.rows import EXAMPLES, NothingToLearn, some_of


def rows_of_each(recipe: Recipe, data: Path, split: str, most: int) -> list[Example]:
    """`most` of each task of the recipe, always the same. Raises NothingToLearn, BadRow."""
    found = [row for row in read_rows(Example, data / EXAMPLES) if row.split == Split(split)]
    rows = [
        row
        for task in recipe.tasks
        for row in some_of([one for one in found if one.task is task], most, seed=recipe.seed)
    ]
    if not rows:
        raise NothingToLearn(f"{EXAMPLES}: no row of split {split} for {', '.join(recipe.tasks)}.")
    return rows


def read_answers(path: Path) -> dict[str, list[str]]:
    """By the row's id, as `training.sampling` writes them."""
    told: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                one = json.loads(line)
                told[str(one["id"])] = [str(answer) for answer in one["outputs"]]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}:{number}: wants id and outputs.") from error
    return told


def adherence(rows: Sequence[Example], answers: Mapping[str, Sequence[str]], lines: Collection[str]) -> dict[str, Any]:
    """`lines`: what feedback may say."""
    asked = [(row, answer) for row in rows for answer in answers.get(row.id, ())]
    told = shares([answer for _, answer in asked], [row for row, _ in asked], lines)
    return {task: {"right": one.right, "of": one.of, "share": one.value} for task, one in told.items()}


def feedback_lines(data: Path) -> Collection[str]:
    """The fixed vocabulary, as the rows use it: every line that an answer to this task has."""
    rows = (row for row in read_rows(Example, data / EXAMPLES) if row.task is Task.FEEDBACK)
    return {line.strip() for row in rows for line in row.answer.splitlines() if line.strip()}
