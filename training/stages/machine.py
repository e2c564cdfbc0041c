"""What the machine at hand can do, and how it is used."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import torch
from transformers import set_seed

from training.stages.recipe import Precision, Recipe


def on_this_machine(recipe: Recipe) -> Recipe:
    """The recipe with a precision that is computed here. What has to be imitated is some twenty times slower: on two
    cores without AVX-512 a step of the starter took 155 seconds in bfloat16, and 7 to 23 in float32."""
    if recipe.training.precision is not Precision.BFLOAT16 or computes_bfloat16():
        return recipe
    sys.stderr.write(f"{recipe.name}: float32 instead of bfloat16, which this machine does not compute.\n")
    return replace(recipe, training=replace(recipe.training, precision=Precision.FLOAT32))


def computes_bfloat16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def use_this_machine(precision: Precision, *, seed: int) -> None:
    """Offline, one thread for each core, and seeded: an adapter begins with random numbers."""
    set_seed(seed)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(cores)
    if precision is Precision.FLOAT32 and torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True
