"""Preference optimisation from an adapter on. DPO2 is the same from DPO's adapter, with the pairs of people's own ratings.

The reference is the model as it began. Its log-likelihoods of every pair are computed once and kept in the run folder, so
that a step asks one model only.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from training.schemas import Pair
from training.stages import lora, losses
from training.stages.batches import AnswerScores, Batch, collate, score, score_all
from training.stages.course import Course, follow
from training.stages.recipe import Preference, Recipe
from training.stages.tokens import Encoded

REFERENCE = "reference.npz"


def train(recipe: Recipe, *, data: Path, run: Path, adapter: Path, resume: bool = False) -> dict[str, Any]:
    """Raises RunRefused, Discarded, NothingToLearn, BadRow, WrongBase."""
    precision = recipe.training.precision
    course = Course.of(recipe, data=data, run=run, parent=adapter, resume=resume)
    rows, held, end = course.rows, course.held, course.tokens.end
    model = lora.going_on(recipe, adapter)
    reference = reference_of(model, {row.id: row for row in [*rows, *held]}, recipe, run, pad=end)

    def loss(model: Any, batch: Batch) -> Any:
        known = batch.pop("reference")
        return losses.of_pairs(score(model, batch, precision=precision), known, recipe.preference)

    kinds = {pair.id: (str(pair.objective), str(pair.source)) for pair in course.asked if isinstance(pair, Pair)}
    before = torch.tensor([reference[row.id] for row in held])

    def validate(model: Any) -> dict[str, float]:
        sums, lengths = score_all(model, held, precision=precision, pad=end, batch=recipe.training.batch)
        return wins(held, AnswerScores(sums, lengths), before, recipe.preference, kinds)

    made = with_reference(rows, reference, pad=end)
    return follow(course, model, loss=loss, validate=validate, resume=resume, collate=made)


def with_reference(rows: Sequence[Encoded], reference: Mapping[str, tuple[float, float]], *, pad: int) -> Any:
    def made(chosen: Sequence[int]) -> Batch:
        batch = collate([rows[at] for at in chosen], pad=pad)
        batch["reference"] = torch.tensor([reference[rows[at].id] for at in chosen])
        return batch

    return made


def reference_of(
    model: Any, rows: Mapping[str, Encoded], recipe: Recipe, run: Path, *, pad: int
) -> dict[str, tuple[float, float]]:
    """Log-likelihoods of chosen and rejected, by the pair's id, before the first step."""
    path, key = run / REFERENCE, _key(rows)
    if path.is_file():
        with np.load(path) as kept:
            if str(kept["key"]) == key:
                return dict(zip(kept["ids"].tolist(), map(tuple, kept["sums"].tolist()), strict=True))
    ordered = list(rows.values())
    with tqdm(total=len(ordered), desc="reference", unit="pair") as progress:
        sums, _ = score_all(
            model, ordered, precision=recipe.training.precision, pad=pad, batch=recipe.training.batch, progress=progress
        )
    part = path.with_name("part-" + path.name)
    np.savez(part, key=key, ids=[row.id for row in ordered], sums=sums.numpy())
    part.replace(path)
    return {row.id: (chosen, rejected) for row, (chosen, rejected) in zip(ordered, sums.tolist(), strict=True)}


def _key(rows: Mapping[str, Encoded]) -> str:
    """The adapter and the data are those that the run was begun with; `Start.agree` sees to it."""
    told = hashlib.sha256()
    for row in rows.values():
        told.update(f"{row.id} {row.prompt} {row.answers}\n".encode())
    return told.hexdigest()


def wins(
    rows: Sequence[Encoded],
    told: AnswerScores,
    reference: torch.Tensor,
    how: Preference,
    kinds: Mapping[str, tuple[str, str]],
) -> dict[str, float]:
    """Share of pairs with a margin above zero, overall, by objective and by source. Equal shares are told apart by loss."""
    gaps = losses.margins(told, reference, how)
    won: dict[str, list[float]] = defaultdict(list)
    for row, gap in zip(rows, gaps.tolist(), strict=True):
        objective, source = kinds[row.id]
        for name in ("wins", f"wins_{objective}", f"wins_{source}"):
            won[name].append(float(gap > 0))
    figures = {name: sum(each) / len(each) for name, each in won.items()}
    figures |= {"margin": float(gaps.mean()), "loss": float(losses.of_pairs(told, reference, how))}
    return {**figures, "score": figures["wins"] - 0.001 * figures["loss"]}
