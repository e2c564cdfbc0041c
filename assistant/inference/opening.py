"""Opens a model file of this machine the way a worker does: with the threads that were measured, watched by the governor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from assistant.inference import tuning
from assistant.inference.llamacpp.engine import LlamaCppEngine
from assistant.inference.modelfile import ModelFile

# The decoding thread needs Python for microseconds between two steps. By default it waits up to 5 ms for each, while
# another thread checks a sentence.
SWITCH_SECONDS = 0.0005


def open_here(file: ModelFile, *, name: str, measured: Path, threads: int = 0, **more: Any) -> LlamaCppEngine:
    """`measured`: the file of `tuning`. `threads`: 0 for as many as were best. `more`: for the engine. Call it before anything
    else loads llama.cpp, and with it OpenMP, which reads its settings once. Raises ModelUnavailable."""
    applied = tuning.apply(tuning.Tuning.read(measured, tuning.key_of(file)), threads=threads)
    sys.setswitchinterval(SWITCH_SECONDS)
    governor = tuning.ThreadGovernor(applied.threads, neighbours=tuning.Neighbours())
    return LlamaCppEngine(file, name=name, threads=applied.threads, governor=governor, notes=(applied.note,), **more)
