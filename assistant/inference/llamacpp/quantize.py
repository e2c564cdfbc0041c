"""Lays the weights of a GGUF file out anew, with llama.cpp's own quantiser."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from assistant.inference.engine import ModelUnavailable
from assistant.inference.gguf import LAYOUTS
from assistant.inference.llamacpp.library import first_error, forget_errors, library

NUMBERS = {name: number for number, name in LAYOUTS.items()}


def lay_out(source: Path, target: Path, layout: str, *, threads: int) -> None:
    """Write `source` to `target` in this layout. Raises ModelUnavailable; what was written until then stays for the caller.

    Tensors that do not fit the layout, and the ones that llama.cpp keeps finer, are its choice, as in every file of
    that name.
    """
    if layout not in NUMBERS:
        raise ModelUnavailable(f"{layout}: no such layout. Known: {', '.join(NUMBERS)}.")
    lib = library()
    params = lib.llama_model_quantize_default_params()
    params.ftype = NUMBERS[layout]
    params.allow_requantize = True  # what it costs beside quantising the unquantised weights is measured, not assumed
    params.nthread = threads
    forget_errors()
    code = lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params))
    if code != 0:
        raise ModelUnavailable(f"{source.name} cannot be laid out as {layout} (code {code}).{first_error()}")
