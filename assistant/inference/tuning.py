"""How many threads decode, how they wait for each other, and what is done about a busy neighbour.

OpenMP reads its settings once, when its library is loaded. So they are measured in processes of their own, the result is
kept in a file, and the site reads that file before llama.cpp is loaded. What the operator set in the environment wins.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from assistant.inference import openmp
from assistant.inference.layouts import standard_request
from assistant.inference.measuring import CORES, Measuring, busy_neighbour
from assistant.inference.modelfile import ModelFile

AS_GOOD = 0.95  # of the best speed alone: then fewer threads are better
ROUNDS = 2
PROMPT = 128  # tokens
STEPS = 12
SECONDS = 0.3  # of steps, each time


@dataclass(frozen=True, slots=True)
class Choice:
    threads: int
    openmp: str  # a key of openmp.SETTINGS
    alone: float  # standard requests a minute (`layouts.standard_request`)
    beside: float  # the same while another process is busy

    @property
    def score(self) -> float:
        return self.alone * self.beside

    def reason(self, arms: int) -> str:
        return (
            f"{in_words(self.threads)}, {openmp.WORDS[self.openmp]}: {self.alone:.0f}"
            f" standard requests a minute alone, {self.beside:.0f} beside a busy process; best of {arms} settings."
        )


@dataclass(frozen=True, slots=True)
class Tuning:
    key: str
    arms: tuple[Choice, ...]

    @property
    def chosen(self) -> Choice:
        """As many threads as are fastest alone, since the governor gives one up when a neighbour comes; of their ways to
        wait the one with the best product of both speeds, since that cannot be changed while running."""
        fastest = max(arm.alone for arm in self.arms)
        threads = min(arm.threads for arm in self.arms if arm.alone >= AS_GOOD * fastest)
        return max((arm for arm in self.arms if arm.threads == threads), key=lambda arm: arm.score)

    @property
    def reason(self) -> str:
        return self.chosen.reason(len(self.arms))

    @classmethod
    def read(cls, path: Path, key: str) -> Self | None:
        """None when there is none for this key, or the file is of no use: then it is measured again."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))[key]
            return cls(key, tuple(Choice(**arm) for arm in kept) or _none())
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(json.dumps(kept | {self.key: [asdict(arm) for arm in self.arms]}, indent=1), encoding="utf-8")
        part.replace(path)


def _none() -> Any:
    raise ValueError("no arms")


def machine() -> str:
    """What decides about speed here: processor, its features, cores, the build of llama.cpp."""
    return f"{cpu_name()}, {len(CORES)} cores, llama-cpp-python {library_version()}, features {cpu_features()}"


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "CPU part"))]
    return found[0] if found else platform.processor() or platform.machine()


def cpu_features() -> str:
    """Short: machines of one name differ in what their hypervisor lets through."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return "unknown"
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return hashlib.sha256(flags.encode()).hexdigest()[:8]


def library_version() -> str:
    """With the size of its libraries: one version can be built in several ways."""
    try:
        found = metadata.distribution("llama-cpp-python")
    except metadata.PackageNotFoundError:
        return "none"
    sizes = [file.size or 0 for file in found.files or [] if ".so" in file.name or ".dylib" in file.name]
    return f"{found.version} ({sum(sizes)} bytes)"


def key_of(file: ModelFile) -> str:
    return hashlib.sha256(f"{machine()}\n{file.sha256}".encode()).hexdigest()[:24]


def arms(cores: int) -> list[tuple[int, str]]:
    """Threads and settings worth a try: all cores in every way, one less, and one alone."""
    if cores == 1:
        return [(1, "short")]
    tried = [(cores, name) for name in openmp.SETTINGS]
    tried += [(count, "short") for count in sorted({cores - 1, max(1, cores // 2), 1}, reverse=True)]
    if cores > 2:
        tried.append((cores - 1, "bound"))
    return tried


def measure(file: ModelFile, *, threads: int = 0, say: Callable[[str], None] = lambda _line: None) -> Tuning:
    """Takes about five seconds for each setting. `threads`: only this many."""
    tried = [arm for arm in arms(len(CORES)) if not threads or arm[0] == threads] or [
        (threads, name) for name in openmp.SETTINGS
    ]
    alone: dict[tuple[int, str], list[float]] = {arm: [] for arm in tried}
    beside: dict[tuple[int, str], list[float]] = {arm: [] for arm in tried}
    for number in range(ROUNDS):
        for count, name in tried:
            with Measuring(openmp.SETTINGS[name], without=openmp.VARIABLES) as process:
                alone[count, name].append(requests_a_minute(process, file, threads=count))
                with busy_neighbour():
                    beside[count, name].append(requests_a_minute(process, file, threads=count))
            say(f"round {number + 1} of {ROUNDS}, {in_words(count)}, {openmp.WORDS[name]}")
    # The better round alone, because noise only slows down; the worse one beside, because that is the case to survive.
    return Tuning(key_of(file), tuple(Choice(*arm, alone=max(alone[arm]), beside=min(beside[arm])) for arm in tried))


def in_words(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def requests_a_minute(process: Measuring, file: ModelFile, *, threads: int) -> float:
    found = process.speed(file, threads=threads, steps=STEPS, most_seconds=SECONDS, prompt=PROMPT)
    return 60 / standard_request(**found)


@dataclass(frozen=True, slots=True)
class Applied:
    """What this process uses, and why, as a sentence. `threads` 0: as many as it may use."""

    threads: int
    note: str


def apply(found: Tuning | None, *, threads: int) -> Applied:
    """Put the settings into the environment. Only before OpenMP is loaded; later it changes nothing but what children get."""
    if named := openmp.set_by_operator():
        return Applied(threads or len(CORES), f"{', '.join(named)} set by the operator: not measured here.")
    if found is None:
        openmp.use("short")
        return Applied(
            threads or len(CORES), f"{openmp.WORDS['short']}, the choice where nothing was measured.".capitalize()
        )
    chosen = found.chosen
    openmp.use(chosen.openmp)
    if threads and threads != chosen.threads:
        return Applied(threads, f"{in_words(threads)} by MODEL_THREADS, {openmp.WORDS[chosen.openmp]}.")
    return Applied(chosen.threads, found.reason)


NEIGHBOUR = 0.25  # of a core: less than that is not what slows steps down
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # a second, of /proc/stat
WINDOW = 12  # steps that are judged together
MOST_ROWS = 64  # longer steps read prompts; how long they take depends on more than the neighbours
CROWDED = 1.6  # times the quiet time
BETTER = 0.93  # of the time before: less of a gain is noise
FIRST_PATIENCE, LONGEST_PATIENCE = 2.0, 60.0  # seconds of decoding until something is tried again
FORGET = 0.002  # of the quiet time, each step: a record is not for ever


class Neighbours:
    """What other processes take of this machine, by Linux's own account."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self) -> float | None:
        """Cores they used since the last call; None where the system does not say."""
        before, self._before = self._before, self._now()
        if before is None or self._before is None or self._before[0] <= before[0]:
            return None
        return (self._before[1] - before[1]) / (self._before[0] - before[0])

    def _now(self) -> tuple[float, float] | None:
        """The time, and the seconds of all cores that were not this process's."""
        try:
            fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _idle, _waiting, hard, soft, stolen = (int(field) / TICKS for field in fields)
        own = os.times()
        return time.monotonic(), user + nice + system + hard + soft + stolen - own.user - own.system


class ThreadGovernor:
    """Gives up a core that somebody else is using, and takes it back.

    With as many threads as cores, every step waits for the thread that shares its core; one thread less is then faster.
    It knows the time of a quiet step for each number of rows and threads, from this run. When steps become much slower it
    tries fewer threads and stays there only if that is faster; after a while it tries more, and stays there only if that
    is faster. A try that did not pay is repeated later and later.
    """

    def __init__(self, threads: int, *, neighbours: Callable[[], float | None] = lambda: None) -> None:
        """`neighbours`: cores that others have used since it was asked last; None where nobody knows."""
        self.most = threads
        self.threads = threads
        self._neighbours = neighbours
        self._quiet: dict[tuple[int, int], float] = {}  # by threads and rows
        self._window: deque[tuple[int, float]] = deque(maxlen=WINDOW)
        self._decoded = 0.0  # seconds since the last change or try
        self._patience = 0.0
        self._before: tuple[int, dict[int, float]] | None = None  # while trying: threads and times that it has to beat

    def threads_for(self, rows: int) -> int:
        """Prompts are read with all threads: they are long steps, in which waiting for one another is a small part."""
        return self.most if rows > MOST_ROWS else self.threads

    def after_step(self, *, rows: int, seconds: float) -> None:
        if rows > MOST_ROWS or self.most == 1 or seconds <= 0:
            return
        known = self._quiet.get((self.threads, rows), seconds)
        self._quiet[self.threads, rows] = min(seconds, known * (1 + FORGET))
        self._decoded += seconds
        self._window.append((rows, seconds))
        if len(self._window) < WINDOW:
            return
        if self._before is not None:
            self._end_trial(*self._before)
        elif self._decoded >= self._patience:
            if self.threads > 1 and self._crowded():
                self._try(self.threads - 1)
            elif self.threads < self.most:
                self._try(self.threads + 1)

    def _crowded(self) -> bool:
        """Steps are slow for other reasons, too: after a prompt was read, or in a longer context."""
        used = self._neighbours()
        if used is not None and used < NEIGHBOUR:
            return False
        return statistics.median(taken / self._quiet[self.threads, rows] for rows, taken in self._window) > CROWDED

    def _try(self, threads: int) -> None:
        self._before = self.threads, self._times()
        self._use(threads)

    def _end_trial(self, threads: int, times: dict[int, float]) -> None:
        now = self._times()
        common = now.keys() & times.keys()
        if common and statistics.median(now[rows] / times[rows] for rows in common) < BETTER:
            self._before = None
            self._patience = FIRST_PATIENCE
            self._use(self.threads)
        elif 1 < self.threads < threads:  # several neighbours: only without all of their cores it pays
            self._use(max(1, threads - 2 * (threads - self.threads)))
        else:
            self._before = None
            self._patience = min(LONGEST_PATIENCE, max(FIRST_PATIENCE, 2 * self._patience))
            self._use(threads)

    def _use(self, threads: int) -> None:
        self.threads = threads
        self._window.clear()
        self._decoded = 0.0

    def _times(self) -> dict[int, float]:
        each: dict[int, list[float]] = {}
        for rows, taken in self._window:
            each.setdefault(rows, []).append(taken)
        return {rows: statistics.median(taken) for rows, taken in each.items()}
