"""A base of some thousand weights with the starter's own tokenizer, and invented rows: fast, and nothing to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from assistant.inference.trained_prompts import Task
from training.schemas import Example, Objective, Origin, Pair, PairSource, Split, write_rows
from training.stages import base
from training.stages.recipe import BaseModel, Lora, Loss, Precision, Preference, Recipe, Stage, Stopping, Training

STARTER = BaseModel(Path("var/models/SmolLM2-135M-Instruct.Q4_1.gguf"), "SmolLM2-135M-Instruct")
ORIGIN = Origin("invented", "1", "cc0-1.0")
POSTS = (
    "My cat ran away on Monday.",
    "I failed my exam again and I am ashamed.",
    "The new flat is loud, I can't sleep.",
)
DRAFTS = ("Cats come back.", "Exams are not everything. You will be fine.", "Buy ear plugs. Everybody has noise.")


def model() -> Any:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.3,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    return LlamaForCausalLM(config)


def folder(at: Path) -> BaseModel:
    model().save_pretrained(at)
    base.load_tokenizer(STARTER).save_pretrained(at)
    return BaseModel(at, "tiny")


def recipe(where: BaseModel, stage: Stage = Stage.SFT, **told: Any) -> Recipe:
    how: dict[str, Any] = {
        "name": f"tiny-{stage}",
        "stage": stage,
        "base": where,
        "training": Training(3e-2, max_steps=12, batch=4, precision=Precision.FLOAT32),
        "lora": Lora(r=4, alpha=8),
        "stopping": Stopping(every=3, patience=0),
        "preference": Preference(loss=Loss.SIGMOID, beta=0.5),
    }
    return Recipe(**{**how, **told})


def data(at: Path) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    examples, pairs = [], []
    for number in range(30):
        post, draft = POSTS[number % 3], DRAFTS[number // 3 % 3]
        split = Split.VALIDATION if number >= 24 else Split.TRAIN
        known = {
            "task": Task.IMPROVE,
            "post": post,
            "draft": draft,
            "origin": ORIGIN,
            "group": str(number),
            "split": split,
        }
        better, worse = f"That sounds hard. {draft}", "Whatever you say, number " + "very " * (number % 5) + "one."
        examples.append(Example(id=f"e{number}", answer=better, **known))  # type: ignore[arg-type]
        kind = {"source": PairSource.COMMUNITY_VOTE, "objective": Objective.EMPATHY}
        pairs.append(Pair(id=f"p{number}", chosen=better, rejected=worse, **kind, **known))  # type: ignore[arg-type]
    write_rows(examples, at / "examples.jsonl")
    write_rows(pairs, at / "pairs.jsonl")
    return at
