"""The machine, and who else used it while something was measured."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERTZ = os.sysconf("SC_CLK_TCK")
MOST_NEIGHBOURS = 0.10  # of one core


@dataclass(slots=True)
class Load:
    seconds: float = 0.0
    ours: float = 0.0  # CPU seconds of the arm and of this process
    all: float = 0.0  # CPU seconds of the whole machine, stolen time included

    @property
    def neighbours(self) -> float:
        """CPU of everybody else, as a share of one core. Idle arms are everybody else: one that spins is seen here."""
        return max(0.0, self.all - self.ours) / self.seconds if self.seconds else 0.0


@contextlib.contextmanager
def watching(pids: Sequence[int]) -> Iterator[Load]:
    """The load while the block runs; `pids`: the arm's processes, this one is added."""
    load = Load()
    own = {os.getpid(), *pids}
    began, all_before, ours_before = time.monotonic(), busy_seconds(), {pid: cpu_seconds(pid) for pid in own}
    try:
        yield load
    finally:
        load.seconds = time.monotonic() - began
        load.all = busy_seconds() - all_before
        load.ours = sum(cpu_seconds(pid) - before for pid, before in ours_before.items())


def busy_seconds() -> float:
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq, steal = (int(field) for field in first[:8])
    return (user + nice + system + irq + softirq + steal) / HERTZ


def cpu_seconds(pid: int) -> float:
    """Of a process with its threads; 0 when it is gone."""
    try:
        # The name in parentheses may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / HERTZ


def family(pid: int) -> list[int]:
    """A process and all that it started, and they."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for member in found:
        found += parents.get(member, [])
    return found


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status names no VmRSS.")


def describe() -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not told",
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.platform(),
        "python": platform.python_version(),
        "compiler": _first_line(["c++", "--version"]),
        "load_average": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _first_line(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return "none"
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return said[0] if said else "none"
