"""Numbered steps with their times, work that shows it is alive, and stamps of what is already done."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
LOGS = VAR / "log"
QUIET_SECONDS = 20  # without a terminal, one line of progress this often


class SetupProblem(Exception):
    """What is wrong with which thing, and the remedy: one or two sentences for a person."""


@dataclass
class Steps:
    total: int
    began: float = field(default_factory=time.monotonic)
    done: list[tuple[str, float, str]] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)

    def run(self, name: str, work: Callable[[], str]) -> None:
        """Do one step; `work` answers with what it did, in a few words."""
        print(f"[{len(self.done) + 1}/{self.total}] {name}", flush=True)
        began = time.monotonic()
        outcome = "stopped"
        try:
            outcome = work()
        except SetupProblem:
            outcome = "not done"
            raise
        finally:
            seconds = time.monotonic() - began
            self.done.append((name, seconds, outcome))
            print(f"      {outcome} ({seconds:.1f} s)", flush=True)

    def try_to_run(self, name: str, work: Callable[[], str]) -> bool:
        """Like `run`, for a step that the site can start without: the reason is kept and told at the end."""
        try:
            self.run(name, work)
        except SetupProblem as problem:
            self.lacks.append(f"{name}: {problem}")
            print(_indented(str(problem)), flush=True)
            return False
        return True

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())


@dataclass(frozen=True)
class Stamps:
    """Which step was finished for which content. A stamp is written last, so that an interrupted step is done again."""

    folder: Path = VAR / "setup"

    def holds(self, name: str, key: str) -> bool:
        path = self.folder / f"{name}.stamp"
        return path.is_file() and path.read_text(encoding="utf-8") == key

    def write(self, name: str, key: str) -> None:
        write_whole(self.folder / f"{name}.stamp", key)


def write_whole(path: Path, text: str) -> None:
    """Other processes see the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def key_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def run_logged(
    command: Sequence[str | Path],
    *,
    log: str,
    what: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> None:
    """Run a command into var/log/LOG, showing that it lives; a failure ends with the last lines of that log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / log
    with path.open("wb") as stream:
        code = _watch(command, stream=stream, path=path, what=what, env=env, cwd=cwd)
    if code != 0:
        tail = "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        raise SetupProblem(f"{what} ended with exit code {code}; the whole log is {path}.\n{tail}")


def _watch(
    command: Sequence[str | Path],
    *,
    stream: IO[bytes],
    path: Path,
    what: str,
    env: Mapping[str, str] | None,
    cwd: Path,
) -> int:
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=stream,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,  # so that an interrupt can end compilers that pip's own child started
    )
    began = last = time.monotonic()
    try:
        while True:
            try:
                return process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                last = _show_progress(what, path=path, began=began, last=last)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    finally:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)


def _show_progress(what: str, *, path: Path, began: float, last: float) -> float:
    now = time.monotonic()
    minutes, seconds = divmod(int(now - began), 60)
    line = f"      {what}: {minutes}:{seconds:02d}{_compiled_so_far(path)}"
    if sys.stdout.isatty():
        print(f"\r{line}\x1b[K", end="", flush=True)
        return now
    if now - last < QUIET_SECONDS:
        return last
    print(line, flush=True)
    return now


def _compiled_so_far(path: Path) -> str:
    """Ninja and make write how far they are as `[12/345]` or `[ 3%]`."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        found = re.findall(rb"\[(\d+/\d+|\s*\d+%)\]", stream.read())
    return f", {found[-1].decode().strip()}" if found else ""
