"""Whether the installed engine runs on older processors: qemu imitates each, and the starter model says a few words.

python -m bench.portable                          the wheel of this environment
python -m bench.portable --python OTHER/bin/python     another one, for example to see the check fail

It needs qemu-user (Debian: apt-get install qemu-user) and the starter model. qemu knows instructions up to AVX2: what runs on
AVX-512 shows only on a machine that has it, which is why the last line is this machine without qemu.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.inference.modelfile import STARTER

ROOT = Path(__file__).resolve().parents[1]
TOKENS = 6
# The processor that qemu imitates, and the library that belongs on it.
PROCESSORS = {
    "Nehalem": "libggml-cpu-sse42.so",  # 2008: SSE4.2
    "SandyBridge": "libggml-cpu-sandybridge.so",  # 2011: AVX
    "Haswell": "libggml-cpu-haswell.so",  # 2013: AVX2, FMA
    "EPYC": "libggml-cpu-haswell.so",  # 2017: the first Zen
    "Skylake-Server": "libggml-cpu-haswell.so",  # 2017: AVX-512, which qemu leaves out and says so
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.portable", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the Python whose llama-cpp-python is tried")
    parser.add_argument("--cpu", action="append", help="only this one; may be given more than once")
    given = parser.parse_args(arguments)
    qemu = shutil.which("qemu-x86_64")
    if qemu is None:
        raise SystemExit("There is no qemu-x86_64 on PATH. Run: sudo apt-get install -y qemu-user")
    print("| processor | library | it says | seconds | |\n| --- | --- | --- | --: | --- |")
    good = True
    for cpu, expected in PROCESSORS.items():
        if not given.cpu or cpu in given.cpu:
            good &= tried(cpu, [qemu, "-cpu", cpu, given.python], expected=expected)
    return 0 if tried("this one", [given.python], expected=None) and good else 1


def tried(name: str, python: list[str], *, expected: str | None) -> bool:
    # A forced OPENBLAS_CORETYPE would make NumPy, not the engine, die on an older processor.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    env = {**kept, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"}
    command = [*python, "-m", "bench.raw_decode", str(STARTER.in_folder(ROOT / "var" / "models").path), "2"]
    asked = "".join(json.dumps(each) + "\n" for each in ({"what": "library"}, {"what": "say", "tokens": TOKENS}))
    began = time.monotonic()
    ran = subprocess.run(
        command, cwd=ROOT, env=env, input=asked, capture_output=True, text=True, timeout=900, check=False
    )
    seconds = time.monotonic() - began
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    library, said = [*lines, "", ""][:2]
    if ran.returncode != 0:
        verdict = f"died: {ending(ran.returncode)}"
        print((ran.stderr.splitlines() or [""])[-1], file=sys.stderr)
    elif expected is not None and library != expected:
        verdict = f"wrong library: {expected} belongs here"
    else:
        verdict = "ok"
    print(f"| {name} | {library} | {json.dumps(said)} | {seconds:.0f} | {verdict} |", flush=True)
    return verdict == "ok"


def ending(code: int) -> str:
    # qemu-user ends by the signal that its program got.
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


if __name__ == "__main__":
    sys.exit(main())
