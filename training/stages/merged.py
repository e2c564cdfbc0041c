"""Base and adapter as one quantised file, without a database: what `manage.py models optimize --merge` does on a site.

Runs with the site's Python, where llama.cpp is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from assistant.inference.llamacpp.library import available_cores
from assistant.inference.llamacpp.quantize import lay_out
from assistant.inference.merging import merge_in_place


def merge(base: Path, adapter: Path, target: Path, *, layout: str) -> int:
    """How many weights the adapter changed. Raises ModelUnavailable."""
    threads = available_cores()
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        whole, laid = Path(folder) / "whole.gguf", Path(folder) / "laid.gguf"
        lay_out(base, whole, "F16", threads=threads)
        changed = merge_in_place(adapter, whole)
        lay_out(whole, laid, layout, threads=threads)
        laid.replace(target)
    return changed
