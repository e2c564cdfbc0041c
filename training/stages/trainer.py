"""What SFT and DPO share: transformers' Trainer on batches that were planned in advance.

Why not trl's trainers: on a CPU they compute the vocabulary at every place and a pair's prompt twice, and then a step takes
1.6 times as long for examples and 2.2 times for pairs. Their losses are the yardstick of ours (tests), and the loop, the
checkpoints and the optimizer are the Trainer's.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, SequentialSampler
from transformers import Trainer, TrainerCallback, TrainingArguments

from training.stages.batches import Batch, schedule
from training.stages.recipe import Recipe
from training.stages.tokens import Encoded

CHECKPOINTS, WHOLE = "checkpoints", "whole"
Loss = Callable[[Any, Batch], torch.Tensor]
Validate = Callable[[Any], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of every step, and how often weights change."""

    batches: tuple[tuple[int, ...], ...]  # micro batches, in the order in which they are computed
    accumulate: int

    @property
    def steps(self) -> int:
        return math.ceil(len(self.batches) / self.accumulate)


def plan(rows: Sequence[Encoded], recipe: Recipe) -> Plan:
    how = recipe.training
    steps = how.max_steps or max(1, math.ceil(len(rows) * how.epochs / how.batch))
    whole = schedule(rows, batch=how.batch, steps=steps, seed=recipe.seed)
    size = how.micro_batch or how.batch
    count = how.batch // size
    return Plan(tuple(part for batch in whole for part in parts_of(batch, size=size, count=count)), count)


def parts_of(batch: Sequence[int], *, size: int, count: int) -> list[tuple[int, ...]]:
    """Always `count`: where the last batch of an epoch is short, its first row fills up."""
    parts = [tuple(batch[at : at + size]) for at in range(0, len(batch), size)]
    return parts + [tuple(batch[:1])] * (count - len(parts))


class Planned(Dataset[Any]):  # type: ignore[misc]
    """One item is one micro batch."""

    def __init__(self, plan: Plan, collate: Callable[[Sequence[int]], Batch]) -> None:
        self._plan, self._collate = plan, collate

    def __len__(self) -> int:
        return len(self._plan.batches)

    def __getitem__(self, at: int) -> Batch:
        return self._collate(self._plan.batches[at])


class StageTrainer(Trainer):  # type: ignore[misc]
    """`loss` of a batch, and `validate`, whose `score` decides which checkpoint is the best (higher is better)."""

    control: Any

    def __init__(
        self, *, loss: Loss, validate: Validate, on_numbers: Callable[[dict[str, Any]], None], **options: Any
    ) -> None:
        super().__init__(**options)
        self._loss, self._validate, self._on_numbers = loss, validate, on_numbers
        self.model_accepts_loss_kwargs = False  # our loss is a mean; the Trainer divides by the parts of a step

    def compute_loss(self, model: Any, inputs: Batch, return_outputs: bool = False, **_: Any) -> Any:
        if return_outputs:
            raise NotImplementedError("A stage gives its loss alone.")
        return self._loss(model, inputs)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        self.model.eval()
        with torch.no_grad():
            told = dict(self._validate(self.model))
        metrics = {f"eval_{name}": value for name, value in told.items()}
        self._on_numbers({"step": self.state.global_step, **{f"validation_{name}": v for name, v in told.items()}})
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def evaluate_before(self) -> None:
        """How good the model is that the run begins with."""
        told = self._validate(self.model)
        self._on_numbers({"step": 0, **{f"validation_{name}": value for name, value in told.items()}})

    def log(self, logs: dict[str, float], *_: Any, **__: Any) -> None:
        if "loss" in logs:
            self._on_numbers({"step": self.state.global_step, **logs})
        self.state.log_history.append({**logs, "step": self.state.global_step})
        self.control = self.callback_handler.on_log(self.args, self.state, self.control, logs)

    def floating_point_ops(self, *_: Any) -> int:
        return 0  # the Trainer would look for another shape of batch

    def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
        return SequentialSampler(self.train_dataset)


def arguments(recipe: Recipe, run: Path, planned: Plan) -> TrainingArguments:
    how, stop = recipe.training, recipe.stopping
    gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(run / CHECKPOINTS),
        per_device_train_batch_size=1,  # of batches
        gradient_accumulation_steps=planned.accumulate,
        max_steps=planned.steps,
        learning_rate=how.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(how.warmup * planned.steps),
        weight_decay=how.weight_decay,
        max_grad_norm=how.clip,
        optim="adamw_torch",
        seed=recipe.seed,
        data_seed=recipe.seed,
        bf16=False,  # `batches.score` says itself what is computed in bfloat16
        use_cpu=not gpu,
        eval_strategy="steps",
        eval_steps=stop.every,
        save_strategy="steps",
        save_steps=stop.every,
        save_total_limit=max(
            3, stop.keep
        ),  # the best, the newest, and the last before it: the checks may go back there
        load_best_model_at_end=True,
        metric_for_best_model="eval_score",
        greater_is_better=True,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=gpu,
        disable_tqdm=False,
        save_only_model=False,
    )


class MarkWhole(TrainerCallback):  # type: ignore[misc]
    """A checkpoint counts once everything of it is written; a kill can come at any time. The last step has one too."""

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if folder.is_dir():
            (folder / WHOLE).touch()


def last_checkpoint(run: Path) -> Path | None:
    """The newest whole one; what a kill left half written is removed."""
    whole = []
    for folder in (run / CHECKPOINTS).glob("checkpoint-*"):
        if (folder / WHOLE).is_file():
            whole.append(folder)
        else:
            shutil.rmtree(folder)
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def checkpoint_at(run: Path, step: int) -> Path:
    return run / CHECKPOINTS / f"checkpoint-{step}"


def step_of(checkpoint: Path | None) -> int:
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
