"""Rows of the data that a stage learns from: chosen by task and source, weighted, asked as the site asks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from training.schemas import Example, Pair, Split, read_rows
from training.stages.recipe import Recipe, Stage
from training.sums import sha256_of

AnyRow = TypeVar("AnyRow", Example, Pair)
Asked = TypeVar("Asked", bound=Example | Pair)

EXAMPLES, PAIRS, REPORT = "examples.jsonl", "pairs.jsonl", "report.json"
WEIGHED = {Stage.SFT: ("task", "built", "source"), Stage.DPO: ("task", "objective", "source")}


class NothingToLearn(ValueError):
    """The data has no row for this recipe."""


def answers_of(row: Example | Pair) -> tuple[str, ...]:
    return (row.answer,) if isinstance(row, Example) else (row.chosen, row.rejected)


def file_of(stage: Stage) -> str:
    """Which file of a data folder the stage learns from."""
    return EXAMPLES if stage is Stage.SFT else PAIRS


def read_split(data: Path, recipe: Recipe, split: Split) -> Sequence[Example | Pair]:
    """In the order of the file; for training weighted and at most `limit`. Raises BadRow, NothingToLearn."""
    path = data / file_of(recipe.stage)
    if recipe.stage is Stage.SFT:
        return _chosen(read_rows(Example, path), recipe, split, path)
    wanted = set(recipe.sources)
    pairs = (pair for pair in read_rows(Pair, path) if not wanted or pair.source in wanted)
    return _chosen(pairs, recipe, split, path)


def hashes(data: Path, name: str) -> dict[str, Any]:
    """Of the rows and, where they were prepared, of the report and of the files of each source: a site's export too."""
    told = {"file": name, "rows_sha256": sha256_of(data / name)}
    report = data / REPORT
    if not report.is_file():
        return told
    sources = json.loads(report.read_text(encoding="utf-8"))["sources"]
    return told | {"report_sha256": sha256_of(report), "sources": {one["source"]: one["files"] for one in sources}}


def _chosen(rows: Iterable[AnyRow], recipe: Recipe, split: Split, where: Path) -> list[AnyRow]:
    tasks = set(recipe.tasks)
    found = [row for row in rows if row.split is split and row.task in tasks]
    if not found:
        raise NothingToLearn(
            f"{where.name}: no row of split {split} for the tasks {', '.join(recipe.tasks)}"
            f"{' and sources ' + ', '.join(recipe.sources) if recipe.sources else ''}. Prepare data that has some."
        )
    if split is not Split.TRAIN:
        return found
    weighted = weigh(found, recipe.weights, fields=WEIGHED[recipe.stage], seed=recipe.seed)
    if not weighted:
        raise NothingToLearn(f"{where.name}: the weights of the recipe leave nothing. Raise one above zero.")
    return _some(weighted, recipe.limit, recipe.seed)


def _some(rows: list[Asked], most: int, seed: int) -> list[Asked]:
    return random.Random(seed).sample(rows, most) if 0 < most < len(rows) else rows


def some_of(rows: Sequence[Asked], most: int, *, seed: int) -> list[Asked]:
    """`most` rows, always the same; 0 for all."""
    return _some(list(rows), most, seed)


def weigh(
    rows: Sequence[AnyRow], weights: Mapping[str, Mapping[str, float]], *, fields: Sequence[str], seed: int
) -> list[AnyRow]:
    """A row of weight 2 comes twice, one of weight 0.5 with one chance in two.

    Being drawn more often does to the expected gradient what a weight on the loss does, and a row that hardly counts costs
    no time. `weights` says for a field which value (with * as in file names) weighs how much; the weights of several
    fields are multiplied.
    """
    if unknown := sorted(set(weights) - set(fields)):
        raise ValueError(f"weights: {unknown[0]}: no such field. Known here: {', '.join(fields)}.")
    if any(weight < 0 for table in weights.values() for weight in table.values()):
        raise ValueError("weights: a weight below zero. Use 0 to leave rows out.")
    draw = random.Random(seed)
    kept: list[AnyRow] = []
    for row in rows:
        weight = 1.0
        for name, table in weights.items():
            weight *= _weight_of(value_of(row, name), table)
        copies = int(weight) + (draw.random() < weight - int(weight))
        kept.extend([row] * copies)
    return kept


def _weight_of(value: str, table: Mapping[str, float]) -> float:
    if value in table:
        return table[value]
    return next((weight for pattern, weight in table.items() if fnmatchcase(value, pattern)), 1.0)


def value_of(row: Example | Pair, name: str) -> str:
    """`source` of an example is the reader it came through; of a pair it is who said which answer is better."""
    if name == "source":
        return str(row.source if isinstance(row, Pair) else row.origin.source)
    return str(getattr(row, name))
