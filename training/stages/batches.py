"""Batches of rows of like length, and what the model is asked of each: the log-probabilities of the answers alone.

Chosen and rejected of a pair stand behind one prompt in one row, and neither sees the other: the prompt, mostly the longer
part, is computed once. The vocabulary is 85 times as wide as the starter's hidden states, so the output layer is asked at
answer positions only, which trl's heads do on GPUs with Triton alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from training.stages.recipe import Precision
from training.stages.tokens import Encoded

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """Of each answer of a batch; rows by answers (one column for examples, two for pairs)."""

    sums: torch.Tensor  # log-likelihood
    lengths: torch.Tensor  # tokens, the end of the turn among them


def order(rows: Sequence[Encoded], *, batch: int, seed: int, epoch: int) -> list[list[int]]:
    """Every row once, rows of like length together, the batches in a random order. The same for the same seed."""
    draw = random.Random(f"{seed}:{epoch}")
    by_length = sorted(range(len(rows)), key=lambda at: rows[at].length + draw.uniform(-16, 16))
    batches = [by_length[at : at + batch] for at in range(0, len(by_length), batch)]
    draw.shuffle(batches)
    return batches


def schedule(rows: Sequence[Encoded], *, batch: int, steps: int, seed: int) -> list[list[int]]:
    """The rows of every step to come. Made in advance, so that a run that goes on knows where it stands."""
    planned: list[list[int]] = []
    epoch = 0
    while len(planned) < steps:
        planned += order(rows, batch=batch, seed=seed, epoch=epoch)
        epoch += 1
    return planned[:steps]


def collate(rows: Sequence[Encoded], *, pad: int) -> Batch:
    """`targets` are the answers' tokens; `row`, `at` and `answer` say where each is predicted and whose it is."""
    width = max(row.length for row in rows)
    ids = torch.full((len(rows), width), pad)
    targets: list[int] = []
    where: list[tuple[int, int, int]] = []
    for number, row in enumerate(rows):
        ids[number, : row.length] = torch.tensor([*row.prompt, *(token for answer in row.answers for token in answer)])
        start = len(row.prompt)
        for which, answer in enumerate(row.answers):
            predictors = [len(row.prompt) - 1, *range(start, start + len(answer) - 1)]
            where += [(number, at, which) for at in predictors]
            targets += answer
            start += len(answer)
    row_at, at, answer_at = torch.tensor(where).unbind(1)
    batch = {"ids": ids, "targets": torch.tensor(targets), "row": row_at, "at": at, "answer": answer_at}
    if len(rows[0].answers) > 1:
        batch |= {"positions": _positions(rows, width), "sees": _sees(rows, width)}
    return batch


def _positions(rows: Sequence[Encoded], width: int) -> torch.Tensor:
    """The second answer stands where the first one does: right behind the prompt."""
    positions = torch.arange(width).repeat(len(rows), 1)
    for number, row in enumerate(rows):
        positions[number, len(row.prompt) + len(row.answers[0]) :] -= len(row.answers[0])
    return positions


def _sees(rows: Sequence[Encoded], width: int) -> torch.Tensor:
    """Whom each place may look at. Padding comes last, so nobody real sees it; it sees itself, or it would be NaN."""
    sees = torch.ones((width, width), dtype=torch.bool).tril().repeat(len(rows), 1, 1)
    for number, row in enumerate(rows):
        second = len(row.prompt) + len(row.answers[0])
        sees[number, second:, len(row.prompt) : second] = False
    return sees[:, None]


def mixed(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    if precision is Precision.BFLOAT16:
        half: AbstractContextManager[Any] = torch.autocast(device.type, dtype=torch.bfloat16)
        return half
    return nullcontext()


def score(model: Any, batch: Batch, *, precision: Precision) -> AnswerScores:
    """Log-likelihoods of the answers. `model`: of transformers or peft."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    with mixed(precision, batch["ids"].device):
        # Without a mask attention is causal, and padding, which comes last, is seen by nobody.
        hidden = inner.model(
            input_ids=batch["ids"],
            position_ids=batch.get("positions"),
            attention_mask=batch.get("sees"),
            use_cache=False,
        ).last_hidden_state
        logits = inner.lm_head(hidden[batch["row"], batch["at"]])
    told = -functional.cross_entropy(logits.float(), batch["targets"], reduction="none")
    rows, answers = batch["ids"].shape[0], int(batch["answer"].max()) + 1
    place = batch["row"] * answers + batch["answer"]
    sums = torch.zeros(rows * answers, device=told.device).index_add(0, place, told)
    lengths = torch.bincount(place, minlength=rows * answers)
    return AnswerScores(sums.view(rows, answers), lengths.view(rows, answers))


def to_device(batch: Batch, device: torch.device) -> Batch:
    return {name: tensor.to(device) for name, tensor in batch.items()}


@torch.no_grad()  # type: ignore[untyped-decorator]
def score_all(
    model: Any, rows: Sequence[Encoded], *, precision: Precision, pad: int, batch: int, progress: Any = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums and lengths of all rows, in their order; float64 on the CPU."""
    model.eval()
    device = next(model.parameters()).device
    answers = len(rows[0].answers)
    sums, lengths = torch.zeros((len(rows), answers), dtype=torch.float64), torch.ones((len(rows), answers))
    by_length = sorted(range(len(rows)), key=lambda at: rows[at].length)
    for start in range(0, len(by_length), batch):
        chosen = by_length[start : start + batch]
        told = score(model, to_device(collate([rows[at] for at in chosen], pad=pad), device), precision=precision)
        sums[chosen], lengths[chosen] = told.sums.double().cpu(), told.lengths.float().cpu()
        if progress is not None:
            progress.update(len(chosen))
    return sums, lengths
