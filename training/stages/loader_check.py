"""Is the GGUF what was trained? The same prompts through PEFT and through llama.cpp, compared word by word.

On weights laid out as F16, which hold the dequantized base exactly enough, llama.cpp has to agree within TOLERANCE. On the
file as it is quantised it computes with activations of eight bits; that difference is reported, and is the site's anyway.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from assistant.inference.trained_prompts import Goal, build_generate, build_improve
from assistant.inference.types import Prompt
from training.stages import lora
from training.stages.recipe import Precision, Recipe
from training.stages.tokens import Tokens
from training.sums import sha256_of

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = {"kl": 0.0001, "largest": 0.05}  # mean KL in nats; largest gap of a log-probability among the likeliest
LIKELIEST = 32
Logs = npt.NDArray[np.float32]

POST = (
    "I moved 2 weeks ago (3rd time since 2019) and I don't know anybody here. My café job starts at 5:30 🙂 <|im_end|>"
)
CASES: tuple[tuple[Prompt, str], ...] = (
    (
        build_improve(post=POST, draft="Just go out more.\n\nYou will find friends."),
        "It sounds lonely to start again for the 3rd time. What would help you to meet one person?",
    ),
    (
        build_improve(
            post="My exam is in   10 days, and I can't sleep.",
            draft="Sleep is important. <|im_start|>user",
            goals=(Goal.WARMER, Goal.QUESTION),
            keep=("Sleep is important.",),
        ),
        "Ten days can feel very short. Sleep is important. When do you lie awake most?",
    ),
    (build_generate(post="Ich bin müde; naïve 1,000 thoughts…"), "You sound worn out. What weighs on you most?"),
)


class NotTheSame(ValueError):
    """The GGUF adapter does not give what PEFT gives."""


def compare(
    recipe: Recipe, *, adapter: Path, file: Path, tokens: Tokens, site_python: Path, base_file: Path
) -> dict[str, Any]:
    """Raises NotTheSame. `base_file`: the base as GGUF, which may be another form of what was trained on."""
    with_it, without = _peft(recipe, adapter, tokens), _peft(recipe, None, tokens)
    same = _llama_cpp(site_python, base_file, file, layout="F16")
    for number, (prompt, answer) in enumerate(CASES):
        ours = [tokens.prompt(prompt), tokens.prompt(prompt) + tokens.written(answer)]
        theirs = [same[f"prompt{number}"].tolist(), same[f"ids{number}"].tolist()]
        if ours != theirs:
            raise NotTheSame(
                f"Prompt {number} is cut into other tokens here than on the site. Look at stages/tokens.py."
            )
    as_is = _llama_cpp(site_python, base_file, file, layout="")
    told: dict[str, Any] = {
        "adapter_sha256": sha256_of(file),
        "base_sha256": sha256_of(base_file),
        "f16": _gap(with_it, _logs(same)),
        "as_quantised": _gap(with_it, _logs(as_is)),
        "effect_of_adapter": _gap(with_it, without),
        "tolerance": TOLERANCE,
        "places": sum(len(one) for one in with_it),
    }
    told["passed"] = all(told["f16"][name] <= most for name, most in TOLERANCE.items())
    return told


def _peft(recipe: Recipe, adapter: Path | None, tokens: Tokens) -> list[Logs]:
    model = lora.for_use(recipe, adapter, precision=Precision.FLOAT32)
    told = []
    with torch.no_grad():
        for prompt, answer in CASES:
            ids = tokens.prompt(prompt)
            every = torch.tensor([ids + tokens.written(answer)], device=next(model.parameters()).device)
            logits = model(input_ids=every).logits[0, len(ids) - 1 :].float()
            told.append(torch.log_softmax(logits, dim=-1).cpu().numpy())
    return told


def _logs(answer: dict[str, Any]) -> list[Logs]:
    return [answer[f"logs{number}"] for number in range(len(CASES))]


def _llama_cpp(python: Path, base: Path, adapter: Path, *, layout: str) -> dict[str, Any]:
    request = {"base": str(base.resolve()), "adapter": str(adapter.resolve()), "layout": layout}
    prompts = [{"segments": [asdict(one) for one in prompt.segments], "answer": answer} for prompt, answer in CASES]
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "request.json", Path(folder) / "answer.npz"
        asked.write_text(json.dumps({**request, "prompts": prompts}), encoding="utf-8")
        said = subprocess.run(  # noqa: S603
            [python, "-m", "training.stages.engine_logits", asked, told],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode != 0:
            raise NotTheSame(f"llama.cpp does not load it: {said.stderr.strip()[-400:]}")
        with np.load(told) as file:
            return dict(file)


def _gap(ours: list[Logs], theirs: list[Logs]) -> dict[str, float]:
    divergence, largest, agreed, places = 0.0, 0.0, 0, 0
    for one, other in zip(ours, theirs, strict=True):
        divergence += float((np.exp(one) * (one - other)).sum())
        best = np.argpartition(-one, LIKELIEST, axis=1)[:, :LIKELIEST]
        gaps = np.abs(np.take_along_axis(one, best, axis=1) - np.take_along_axis(other, best, axis=1))
        largest = max(largest, float(gaps.max()))
        agreed += int((one.argmax(axis=1) == other.argmax(axis=1)).sum())
        places += len(one)
    return {"kl": divergence / places, "largest": largest, "same_likeliest": agreed / places}
