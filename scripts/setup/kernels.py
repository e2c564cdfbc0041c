"""The engine computes once, in a process of its own, before a site relies on it.

ggml takes the best kernels that the processor says it can run. A compiler that builds them wrongly, or a hypervisor that
promises what it does not keep, shows only at the first step, by the end of the process. Such kernels are taken out of
.venv, and the next best answer; a wheel that is installed anew brings them back, and they are tried again.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from scripts.setup.engine_wheel import recipe
from scripts.setup.machine import processor
from scripts.setup.packages import PYTHON, venv_id
from scripts.setup.starter_model import models_folder
from scripts.setup.steps import ROOT, VAR, SetupProblem, Stamps, key_of, write_whole

# Says which library it will use before it uses it. Long enough for the kernels of prompts, and one step of an answer.
TRIAL = """
import sys
from pathlib import Path
from assistant.inference.llamacpp.backends import cpu_library
from assistant.inference.llamacpp.library import library
from assistant.inference.llamacpp.measure import opened
from assistant.inference.modelfile import STARTER

binding = library()._lib
print(Path(binding._name).parent / cpu_library(binding), flush=True)
with opened(STARTER.in_folder(Path(sys.argv[1])), sequences=1, threads=2, unified=True) as bench:
    bench.step([(5, place, 0, place == 99) for place in range(100)])
    bench.step([(5, 100, 0, True)])
"""
MOST_TRIALS = 8  # as many kernels as the wheel has
# What the processor raises at an instruction. Others, like the SIGKILL of a full memory, say nothing about the kernels.
RAISED = {signal.SIGILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE}


def ensure_kernels() -> str:
    """What the engine computes with here. Raises SetupProblem when nothing in the wheel runs."""
    stamps = Stamps()
    key = key_of(recipe(), venv_id(), processor())
    if stamps.holds("kernels", key):
        return "already tried"
    left_out: list[str] = []
    for _ in range(MOST_TRIALS):
        ran = _try()
        used = Path(ran.stdout.strip() or ".")
        if -ran.returncode not in RAISED:
            break
        if not used.is_file():
            raise SetupProblem(f"The engine ends with {_end(ran.returncode)} here. {_log(ran)} has the rest.")
        used.unlink()
        left_out.append(f"{used.name} ended with {_end(ran.returncode)} and was taken out")
    if ran.returncode != 0:
        return "; ".join([*left_out, f"not tried ({_end(ran.returncode)}, {_log(ran)})"])
    stamps.write("kernels", key)
    return "; ".join([*left_out, f"{used.name or 'one set'} answers"])


def _try() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", TRIAL, str(models_folder())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _log(ran: subprocess.CompletedProcess[str]) -> Path:
    path = VAR / "log" / "kernels.log"
    write_whole(path, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return path


def _end(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
