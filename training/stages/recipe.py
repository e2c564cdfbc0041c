"""What a stage is told, as YAML. The same code trains the starter base on two cores and a large one on a GPU."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from assistant.inference.trained_prompts import Task
from training.recipe_files import load
from training.schemas import PairSource

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Stage(StrEnum):
    SFT = "sft"
    DPO = "dpo"  # DPO2 is the same with another recipe: the pairs' source, and an adapter to go on from


class Precision(StrEnum):
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Loss(StrEnum):
    """How a pair becomes a loss. The names are trl's, but for `simpo`, which trl has in its CPO trainer."""

    SIGMOID = "sigmoid"  # DPO as published: log-likelihoods summed
    SIGMOID_NORM = "sigmoid_norm"  # the same per token, so that length alone wins nothing
    IPO = "ipo"
    SIMPO = "simpo"  # per token, without a reference


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A GGUF file, or a folder as Hugging Face lays it out."""

    path: Path
    name: str
    sha256: str = ""  # what the file must hash to; empty: whatever it does, as written into the manifest


@dataclass(frozen=True, slots=True)
class Lora:
    r: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ALL_LINEAR
    four_bit: bool = False  # QLoRA: the base in four bits; needs a GPU and bitsandbytes

    def __post_init__(self) -> None:
        if self.r < 1 or not 0 <= self.dropout < 1:
            raise ValueError(f"r={self.r}, dropout={self.dropout}: wants r of 1 or more, dropout from 0 to below 1.")
        if unknown := sorted(set(self.targets) - set(ALL_LINEAR)):
            raise ValueError(f"targets: {unknown[0]}: no such layer. Known: {', '.join(ALL_LINEAR)}.")


@dataclass(frozen=True, slots=True)
class Training:
    learning_rate: float
    epochs: float = 1.0
    max_steps: int = 0  # 0: as many as the epochs have
    warmup: float = 0.05  # share of the steps
    batch: int = 8  # rows of a step
    micro_batch: int = 0  # rows computed at a time; 0: the whole batch
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: Precision = Precision.BFLOAT16
    gradient_checkpointing: bool = False  # spends time to save memory; for a GPU that is too small

    def __post_init__(self) -> None:
        if self.micro_batch and self.batch % self.micro_batch:
            raise ValueError(f"batch={self.batch} is no multiple of micro_batch={self.micro_batch}.")
        if self.learning_rate <= 0 or self.batch < 1 or (self.epochs <= 0 and self.max_steps < 1):
            raise ValueError("learning_rate, batch, and epochs or max_steps must be above zero.")


@dataclass(frozen=True, slots=True)
class Preference:
    """Of DPO alone."""

    loss: Loss = Loss.SIGMOID
    beta: float = 0.1
    label_smoothing: float = 0.0  # how often a pair is believed to be the wrong way round
    sft: float = 0.0  # weight of the chosen answer's own loss, which keeps it likely
    margin: float = 0.0  # that simpo wants beyond zero


@dataclass(frozen=True, slots=True)
class Stopping:
    every: int = 50  # steps between two evaluations, each with a checkpoint
    patience: int = 3  # evaluations without a better one; 0: goes to the end
    rows: int = 200  # of the validation split that are evaluated; 0: all
    keep: int = 2  # checkpoints


@dataclass(frozen=True, slots=True)
class SafetyBound:
    """The run ends when the checks hold or flag a larger share of its answers than before it began, and goes back to where
    they did not."""

    prompts: int = 0  # 0: off
    worse_by: float = 0.05  # share
    max_tokens: int = 120


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    stage: Stage
    base: BaseModel
    training: Training
    tasks: tuple[Task, ...] = (Task.IMPROVE,)
    sources: tuple[PairSource, ...] = ()  # of pairs; empty: all
    weights: dict[str, dict[str, float]] = field(default_factory=dict)  # see `rows.py`
    limit: int = 0  # rows of the training split; 0: all
    longest: int = 640  # tokens of prompt and answers; longer rows are left out and counted
    seed: int = 1
    lora: Lora = Lora()
    preference: Preference = Preference()
    stopping: Stopping = Stopping()
    safety: SafetyBound = SafetyBound()

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError("tasks is empty. Name at least one.")
        if self.stage is Stage.SFT and self.sources:
            raise ValueError("sources: pairs have them, SFT learns from examples. Use weights: {source: ...}.")

    def as_dict(self) -> dict[str, object]:
        plain: dict[str, object] = json.loads(json.dumps(asdict(self), default=str))
        return plain

    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path, stage: Stage) -> Recipe:
    """Raises BadRecipe."""
    recipe = load(Recipe, path)
    if recipe.stage is not stage:
        raise ValueError(
            f"{path}: this is a recipe for {recipe.stage}, not for {stage}. Name another, or `{recipe.stage}`."
        )
    return recipe
