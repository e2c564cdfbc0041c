"""What a step is to make small. trl's trainers are the yardstick: training/stages/tests holds the values against theirs."""

from __future__ import annotations

import torch
from torch.nn import functional

from training.stages.batches import AnswerScores
from training.stages.recipe import Loss, Preference


def of_examples(told: AnswerScores) -> torch.Tensor:
    """Per token of the answers: a long answer weighs more than a short one, as in trl."""
    return -told.sums.sum() / told.lengths.sum()


def margins(told: AnswerScores, reference: torch.Tensor, how: Preference) -> torch.Tensor:
    """By how much each pair's chosen answer gained on its rejected one; above zero is a win."""
    gained = told.sums if how.loss is Loss.SIMPO else told.sums - reference
    if how.loss is not Loss.SIGMOID:
        gained = gained / told.lengths
    return gained[:, 0] - gained[:, 1]


def of_pairs(told: AnswerScores, reference: torch.Tensor, how: Preference) -> torch.Tensor:
    """`reference`: the log-likelihoods before DPO began, rows by [chosen, rejected]."""
    gap = margins(told, reference, how)
    if how.loss is Loss.IPO:
        loss = (gap - 1 / (2 * how.beta)) ** 2
    else:
        wanted = how.beta * gap - (how.margin if how.loss is Loss.SIMPO else 0.0)
        loss = -functional.logsigmoid(wanted) * (1 - how.label_smoothing)
        loss = loss - functional.logsigmoid(-wanted) * how.label_smoothing
    if how.sft:
        loss = loss - how.sft * told.sums[:, 0] / told.lengths[:, 0]
    return loss.mean()
