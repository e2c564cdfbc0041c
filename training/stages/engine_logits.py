"""Log-probabilities as llama.cpp gives them: `python -m training.stages.engine_logits REQUEST.json ANSWER.npz`.

Runs with the site's Python, where llama.cpp is; the check itself runs where torch is, and starts this one. The request names
a base GGUF, an adapter GGUF or none, and prompts as segments with an answer each.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from assistant.inference.engine import ModelUnavailable
from assistant.inference.llamacpp.library import available_cores
from assistant.inference.llamacpp.measure import Bench, opened, plain_tokens
from assistant.inference.llamacpp.quantize import lay_out
from assistant.inference.modelfile import measured_file
from assistant.inference.types import Prompt, Segment

MOST = 512


def answer(request: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    base = Path(request["base"])
    with tempfile.TemporaryDirectory() as folder:
        if request.get("layout"):
            laid = Path(folder) / "base.gguf"
            lay_out(base, laid, request["layout"], threads=available_cores())
            base = laid
        with opened(measured_file(base), sequences=1, threads=available_cores(), unified=True, outputs=MOST) as bench:
            if request.get("adapter"):
                bench.attach(measured_file(Path(request["adapter"])))
            return told(bench, request)


def told(bench: Bench, request: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Of each prompt its ids, and the predictions at every place of its answer."""
    out: dict[str, np.ndarray[Any, Any]] = {}
    for number, one in enumerate(request["prompts"]):
        segments = tuple(Segment(**segment) for segment in one["segments"])
        prompt = list(bench.model.tokenise(Prompt(segments, mode=None, version="check")).tokens)
        ids = prompt + plain_tokens(bench, one["answer"])
        if len(ids) > MOST:
            raise ModelUnavailable(
                f"Prompt {number} has {len(ids)} tokens where {MOST} are checked. Take a shorter one."
            )
        bench.cut(0)
        bench.step([(token, at, 0, True) for at, token in enumerate(ids)])
        out[f"prompt{number}"] = np.array(prompt)
        out[f"ids{number}"] = np.array(ids)
        out[f"logs{number}"] = bench.predictions(len(ids))[len(prompt) - 1 :]
    return out


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    np.savez(sys.argv[2], **answer(request))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
