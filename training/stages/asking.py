"""Rows to ask a model about, and what its answers are worth by plain rules. No torch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.schemas import Example, Split, read_rows
from training.stages.adherence import shares
from training.stages.recipe import Recipe
from training.stages.rows import EXAMPLES, NothingToLearn, prompt_of, some_of


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


def write_prompts(rows: Sequence[Example], path: Path) -> int:
    """One prompt a line, cut into its segments, for a tool that asks the site's engine."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            prompt = prompt_of(row)
            told = {"id": row.id, "task": row.task, "draft": prompt.draft, "version": prompt.version}
            told_segments = [asdict(segment) for segment in prompt.segments]
            file.write(json.dumps({**told, "segments": told_segments}, ensure_ascii=False) + "\n")
    return len(rows)


def read_answers(path: Path) -> dict[str, str]:
    """By the row's id."""
    told: dict[str, str] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                one = json.loads(line)
                told[str(one["id"])] = str(one["answer"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}:{number}: wants id and answer.") from error
    return told


def adherence(rows: Sequence[Example], answers: Mapping[str, str]) -> dict[str, Any]:
    asked = [row for row in rows if row.id in answers]
    told = shares([answers[row.id] for row in asked], asked, feedback_lines(rows))
    return {task: {"right": one.right, "of": one.of, "share": one.value} for task, one in told.items()}


def feedback_lines(rows: Sequence[Example]) -> Collection[str]:
    """The fixed vocabulary, as the rows use it: every line that an answer to this task has."""
    return {line.strip() for row in rows if row.task == "feedback" for line in row.answer.splitlines() if line.strip()}
