"""Breaks the safety layer on purpose, each way many times, at a post, a suggestion and a reply: `make faults-safety`.

Nothing may come through as if it had been checked: a suggestion or a reply must be held, a post flagged and called unscreened.
The phases are the real ones, with one of them broken. Timeouts are shortened, so that hanging costs little.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from assistant.safety import phases, pipeline
from assistant.safety.lexicon import LexiconError, load_lexicon
from assistant.safety.pipeline import Pipeline
from assistant.safety.types import Context, Finding, Kind, Phase, Score, Screening, Severity
from webapp.private_policy import policy_in_force

TEXT = "The flat is quiet after somebody moves out. Missing the breakfasts that were shared every day is hard."
BROKEN = {Kind.POST: "crisis", Kind.SUGGESTION: "dismissal", Kind.REPLY: "dismissal"}  # a worded phase that is required
HANG_SECONDS, SHORT_TIMEOUT = 3.0, 0.05
NEVER = 10**6  # so many failures in a row that the breaker stays out of it


class Screen(Protocol):
    def __call__(self, text: str, context: Context) -> Screening: ...


class Broken:
    """Stands in for a phase; `act` is what it does when it is asked."""

    version = 1
    kinds = frozenset(Kind)

    def __init__(self, name: str, act: Callable[[str], Any]) -> None:
        self.name, self.act = name, act

    def check(self, text: str, context: Context) -> Iterable[Finding | Score]:  # noqa: ARG002  the protocol
        answer: Iterable[Finding | Score] = self.act(self.name)
        return answer


class Nameless(Broken):
    """Dies where no phase is being asked: its name, which the thread reads afterwards, is gone."""

    @property
    def name(self) -> str:
        if threading.current_thread().name == "safety-screening":
            raise SystemExit
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value


def raises(_name: str) -> Any:
    raise ValueError("broken on purpose")


def hangs(_name: str) -> Any:
    time.sleep(HANG_SECONDS)
    return ()


def kills_its_thread(_name: str) -> Any:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), ctypes.py_object(SystemExit))
    time.sleep(0)
    return ()


def finding(name: str, **changes: Any) -> Finding:
    values: dict[str, Any] = {"code": f"{name}.rule", "severity": Severity.NOTE, "start": 0, "end": 1}
    return Finding(**(values | {"reason": "A reason.", "phase": name} | changes))


ANSWERS: dict[str, Callable[[str], Any]] = {
    "raises": raises,
    "hangs 3 s": hangs,
    "returns None": lambda _name: None,
    "a NaN score": lambda name: [Score(float("nan"), name)],
    "a score of 7": lambda name: [Score(7.0, name)],
    "a wrong type": lambda _name: ["clean"],
    "a wrong span": lambda name: [finding(name, start=5, end=10**6)],
    "a foreign code": lambda name: [finding(name, code="length.empty")],
    "its thread is killed": kills_its_thread,
}


@cache
def sound_phases() -> tuple[Phase, ...]:
    """Built once: they keep no state."""
    return tuple(phases.build_phases())


def with_phase(kind: Kind, stand_in: Phase | None, failures_to_open: int, timeout_seconds: float = 2.0) -> Screen:
    """The real phases, with the one that counts for this kind replaced, or gone."""
    name = BROKEN[kind]
    kept = [stand_in if phase.name == name else phase for phase in sound_phases()]
    given = [phase for phase in kept if phase is not None]
    return Pipeline(given, phases.REQUIRED, timeout_seconds=timeout_seconds, failures_to_open=failures_to_open).screen


@contextmanager
def answering(act: Callable[[str], Any], kind: Kind, failures_to_open: int) -> Iterator[Screen]:
    timeout_seconds = SHORT_TIMEOUT if act is hangs else 2.0
    yield with_phase(kind, Broken(BROKEN[kind], act), failures_to_open, timeout_seconds)


@contextmanager
def dying(kind: Kind, failures_to_open: int) -> Iterator[Screen]:
    yield with_phase(kind, Nameless(BROKEN[kind], lambda _name: ()), failures_to_open)


@contextmanager
def missing_phase(kind: Kind, failures_to_open: int) -> Iterator[Screen]:
    yield with_phase(kind, None, failures_to_open)


@contextmanager
def missing_lexicon(kind: Kind, failures_to_open: int) -> Iterator[Screen]:
    """As `build_phases` does it: a phase whose lexicon is not there is not built."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            load_lexicon(BROKEN[kind], folder=Path(folder))
        except LexiconError:
            yield with_phase(kind, None, failures_to_open)


@contextmanager
def broken_policy(_kind: Kind, _failures_to_open: int) -> Iterator[Screen]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        path.write_text("version = ", encoding="utf-8")
        with policy_in_force(path):
            yield pipeline.screen


@dataclass(frozen=True, slots=True)
class Result:
    fault: str
    kind: Kind
    breaker: bool
    times: int
    kept: int  # held, or flagged and called unscreened


Broke = Callable[[Kind, int], Any]
FAULTS: dict[str, Broke] = {
    **{name: partial(answering, act) for name, act in ANSWERS.items()},
    "its thread dies": dying,
    "a missing phase": missing_phase,
    "a missing lexicon": missing_lexicon,
    "a broken policy file": broken_policy,
}


def is_kept(screening: Screening, kind: Kind) -> bool:
    """Held or flagged because of the phase that is broken, not because of something else that happened."""
    named = any(name in finding.reason for finding in screening.findings for name in (BROKEN[kind], "pipeline"))
    return named and screening.unscreened and (screening.flagged if kind is Kind.POST else screening.held)


def inject(fault: str, kind: Kind, *, times: int, breaker: bool) -> Result:
    with FAULTS[fault](kind, 3 if breaker else NEVER) as screen:
        kept = sum(is_kept(screen(TEXT, Context(kind=kind)), kind) for _ in range(times))
    return Result(fault, kind, breaker, times, kept)


def inject_all(times: int) -> Iterator[Result]:
    for fault in FAULTS:
        for kind in Kind:
            for breaker in (False, True):
                yield inject(fault, kind, times=times, breaker=breaker)


def main() -> int:
    logging.disable(logging.CRITICAL)  # thousands of lines that say what the table says
    sound = Pipeline(sound_phases(), phases.REQUIRED)
    if any(sound.screen(TEXT, Context(kind=kind)).flagged for kind in Kind):
        print("The text is flagged without any fault, so this run would show nothing. Choose another text.")
        return 1
    results = list(inject_all(30))
    print(f"{'fault':<24} {'kind':<12} {'breaker':<8} held or flagged")
    for result in results:
        print(
            f"{result.fault:<24} {result.kind:<12} {'on' if result.breaker else 'off':<8} {result.kept} of {result.times}"
        )
    times, kept = sum(result.times for result in results), sum(result.kept for result in results)
    print(f"{kept} of {times} held or flagged")
    return 0 if kept == times else 1


if __name__ == "__main__":
    sys.exit(main())
