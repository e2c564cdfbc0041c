"""Which of the libraries in the wheel is in use. The imitated processors are tried by `make portable`."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.inference.llamacpp.backends import cpu_library
from assistant.inference.llamacpp.library import library

# Best first; each with what /proc/cpuinfo calls the instructions that set it apart from the next.
SETS = (
    ("sapphirerapids", {"avx512bw", "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_int8"}),
    ("cooperlake", {"avx512bw", "avx512_vnni", "avx512_bf16"}),
    ("cascadelake", {"avx512bw", "avx512_vnni"}),
    ("skylakex", {"avx512bw", "avx512vl", "avx512dq", "avx512cd"}),
    ("alderlake", {"avx2", "fma", "avx_vnni"}),
    ("haswell", {"avx2", "fma", "f16c", "bmi2"}),
    ("sandybridge", {"avx"}),
    ("sse42", {"sse4_2"}),
)
WITHOUT_KERNELS = """
from assistant.inference.engine import ModelUnavailable
from assistant.inference.llamacpp.library import library
try:
    library()
except ModelUnavailable as problem:
    print(problem)
"""

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(
        (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="one set of kernels, or others, here"
    ),
]


def test_the_best_kernels_for_this_processor_are_in_use() -> None:
    flags = next(line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "flags" in line)
    best = next(name for name, needed in SETS if needed <= set(flags.split()))
    assert cpu_library(library()._lib) == f"libggml-cpu-{best}.so"


@pytest.mark.process
def test_a_wheel_without_kernels_for_this_processor_is_said_to_be_unusable(tmp_path: Path) -> None:
    folder = Path(library()._lib._name).parent
    for name in ("libllama.so", "libggml.so", "libggml-base.so"):
        shutil.copy(folder / name, tmp_path / name)
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_KERNELS],
        env={**os.environ, "LLAMA_CPP_LIB_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(f"None of the libraries in {tmp_path} runs on this processor.")
