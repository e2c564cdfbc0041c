"""Answers of a model that is being trained. Small and slow: many answers are for the site's engine to give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from training.sampling import prompt_of
from training.schemas import Example, Pair
from training.stages.batches import mixed
from training.stages.recipe import Precision
from training.stages.tokens import Tokens

AT_A_TIME = 16


@torch.no_grad()  # type: ignore[untyped-decorator]
def answers(
    model: Any,
    tokens: Tokens,
    rows: Sequence[Example | Pair],
    *,
    precision: Precision,
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 1,
) -> list[str]:
    """One of each row, in their order; at temperature 0 the likeliest."""
    was_training = model.training
    model.eval()
    told = [""] * len(rows)
    prompts = [tokens.prompt(prompt_of(row)) for row in rows]
    by_length = sorted(range(len(rows)), key=lambda at: len(prompts[at]))
    with torch.random.fork_rng():  # what is sampled must not move what is learned
        torch.manual_seed(seed)
        for start in range(0, len(rows), AT_A_TIME):
            chosen = by_length[start : start + AT_A_TIME]
            for at, text in zip(
                chosen,
                _some(model, tokens, [prompts[at] for at in chosen], precision, max_tokens, temperature),
                strict=True,
            ):
                told[at] = text
    model.train(was_training)
    return told


def _some(
    model: Any, tokens: Tokens, prompts: list[list[int]], precision: Precision, max_tokens: int, temperature: float
) -> list[str]:
    width = max(map(len, prompts))
    device = next(model.parameters()).device
    ids = torch.full((len(prompts), width), tokens.end)
    sees = torch.zeros((len(prompts), width), dtype=torch.long)
    for number, prompt in enumerate(prompts):
        ids[number, width - len(prompt) :] = torch.tensor(prompt)
        sees[number, width - len(prompt) :] = 1
    how = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
    with mixed(precision, device):
        out = model.generate(
            input_ids=ids.to(device),
            attention_mask=sees.to(device),
            max_new_tokens=max_tokens,
            eos_token_id=tokens.end,
            pad_token_id=tokens.end,
            use_cache=True,
            **how,
        )
    return [tokens.text(row[width:].tolist()).strip() for row in out]
