"""Supervised fine-tuning: learns the answers of the examples by heart, as far as one adapter can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.stages import lora, losses
from training.stages.batches import Batch, score, score_all
from training.stages.course import Course, follow
from training.stages.recipe import Recipe
from training.stages.tokens import Encoded


def train(
    recipe: Recipe, *, data: Path, run: Path, adapter: Path | None = None, resume: bool = False
) -> dict[str, Any]:
    """Raises RunRefused, Discarded, NothingToLearn, BadRow, WrongBase."""
    precision = recipe.training.precision
    course = Course.of(recipe, data=data, run=run, parent=adapter, resume=resume)
    held, end = course.held, course.tokens.end
    model = lora.going_on(recipe, adapter) if adapter else lora.new(recipe)

    def loss(model: Any, batch: Batch) -> Any:
        return losses.of_examples(score(model, batch, precision=precision))

    def validate(model: Any) -> dict[str, float]:
        sums, lengths = score_all(model, held, precision=precision, pad=end, batch=recipe.training.batch)
        return by_task(held, (-sums[:, 0]).tolist(), lengths[:, 0].tolist())

    return follow(course, model, loss=loss, validate=validate, resume=resume)


def by_task(rows: Sequence[Encoded], sums: Sequence[float], lengths: Sequence[float]) -> dict[str, float]:
    """Loss per token, overall and of each task. The score is the overall one, turned round."""
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row, total, length in zip(rows, sums, lengths, strict=True):
        for name in ("loss", f"loss_{row.task}"):
            totals[name][0] += total
            totals[name][1] += length
    told = {name: total / length for name, (total, length) in totals.items()}
    return {**told, "score": -told["loss"]}
