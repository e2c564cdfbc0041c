"""Log-likelihoods of held-out pairs under the base and adapters, for `accuracy.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from training.schemas import Pair, Split, read_rows
from training.stages import base, lora
from training.stages.accuracy import Scored, report
from training.stages.batches import score_all
from training.stages.machine import use_this_machine
from training.stages.recipe import Recipe
from training.stages.rows import NothingToLearn
from training.stages.tokens import Encoded, Tokens, encode
from training.stages.tracking import write_whole

BASE = "base"


def measure(
    recipe: Recipe, *, pairs: Path, adapters: Mapping[str, Path], split: Split = Split.HELD_OUT, out: Path | None = None
) -> dict[str, Any]:
    """`recipe` gives base, tasks, sources, longest and precision. Raises NothingToLearn, BadRow, WrongBase."""
    use_this_machine(recipe.training.precision, seed=recipe.seed)
    base.check(recipe.base)
    wanted = set(recipe.sources)
    found = [
        pair
        for pair in read_rows(Pair, pairs)
        if pair.split is split and pair.task in recipe.tasks and (not wanted or pair.source in wanted)
    ]
    tokens = Tokens(base.load_tokenizer(recipe.base))
    rows = encode(found, tokens, longest=recipe.longest)
    if not rows:
        raise NothingToLearn(f"{pairs.name}: no pair of split {split} fits. Look at tasks, sources and longest.")
    told = {BASE: likelihoods(recipe, None, rows, tokens)}
    told |= {name: likelihoods(recipe, folder, rows, tokens, name) for name, folder in adapters.items()}
    figures = {
        **report(scored(found, rows, told), seed=recipe.seed),
        "left_out_as_too_long": len(found) - len(rows),
        "split": split,
        "recipe": recipe.name,
        "adapters": {name: lora.sha256_of_weights(folder) for name, folder in adapters.items()},
    }
    if out:
        write_whole(out, figures)
    return figures


def likelihoods(
    recipe: Recipe, adapter: Path | None, rows: Sequence[Encoded], tokens: Tokens, name: str = BASE
) -> list[list[tuple[float, int]]]:
    precision = recipe.training.precision
    model = lora.for_use(recipe, adapter)
    with tqdm(total=len(rows), desc=name, unit="pair") as progress:
        sums, lengths = score_all(
            model, rows, precision=precision, pad=tokens.end, batch=recipe.training.batch, progress=progress
        )
    return [
        [(value, int(length)) for value, length in zip(*each, strict=True)]
        for each in zip(sums.tolist(), lengths.tolist(), strict=True)
    ]


def scored(
    pairs: Sequence[Pair], rows: Sequence[Encoded], told: Mapping[str, list[list[tuple[float, int]]]]
) -> list[Scored]:
    known = {pair.id: pair for pair in pairs}
    return [
        Scored(
            row.id,
            known[row.id].group,
            (len(known[row.id].chosen.split()), len(known[row.id].rejected.split())),
            {name: (each[at][0], each[at][1]) for name, each in told.items()},
        )
        for at, row in enumerate(rows)
    ]
