"""Runs the phases on a text. Whatever goes wrong here ends in a hold, never in an exception and never in silence."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from queue import Empty, SimpleQueue

from assistant.safety import phases as policy
from assistant.safety.reading import Reading, one_screening
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Level, Phase, Score, Screening, Severity

logger = logging.getLogger(__name__)

PIPELINE_VERSION = 1
# A phase that hangs keeps its thread. Past this many it is not called any more: its texts are held at once.
MOST_STUCK_THREADS = 4
_MOST_FINDINGS_OF_A_PHASE = 2_000
_MOST_FINDINGS_OF_A_CODE = 20

_ALWAYS = severities(post=Severity.HOLD, suggestion=Severity.HOLD, reply=Severity.HOLD)
FAILED = Rule("pipeline.phase_failed", "The {phase} check failed, so this text was not fully checked.", _ALWAYS)
TIMEOUT = Rule(
    "pipeline.phase_timeout", "The {phase} check took too long, so this text was not fully checked.", _ALWAYS
)
GARBAGE = Rule("pipeline.phase_garbage", "The {phase} check gave an answer that makes no sense.", _ALWAYS)
MISSING = Rule("pipeline.phase_missing", "The {phase} check is missing, so this text was not fully checked.", _ALWAYS)
RULES = (FAILED, TIMEOUT, GARBAGE, MISSING)


def screen(text: str, context: Context) -> Screening:
    """Screen with the phases and requirements of `assistant.safety.phases`. Thread-safe; never raises."""
    try:
        return default_pipeline().screen(text, context)
    except Exception as error:  # last line of defence: the caller stores what we return, and that must be a hold
        logger.error("screening failed: %s", type(error).__name__)
        return Screening((_trouble(FAILED, "pipeline"),), version=f"{PIPELINE_VERSION}:failed")


@cache
def default_pipeline() -> Pipeline:
    return Pipeline(policy.build_phases(), policy.REQUIRED)


class Pipeline:
    """Phases in order, and which of them must be there for which kind of text."""

    def __init__(
        self, phases: Sequence[Phase], required: Mapping[str, frozenset[Kind]], timeout_seconds: float = 2.0
    ) -> None:
        self.phases = tuple(phases)
        self.required = dict(required)
        self.timeout_seconds = timeout_seconds  # for each phase
        self.version = _version(self.phases)
        self._stuck: Counter[int] = Counter()
        self._stuck_lock = threading.Lock()

    def screen(self, text: str, context: Context) -> Screening:
        """Never raises: trouble of any sort is a finding that holds."""
        began = time.perf_counter()
        findings: list[Finding] = []
        scores: list[float] = []
        try:
            findings += [_trouble(MISSING, name) for name in self._missing(context.kind)]
            for said in _Run(self, text, context).answers():
                if isinstance(said, Score):
                    scores.append(said.value)
                else:
                    findings.append(said)
        except Exception as error:  # no thread to be had, or a caller that passes no text
            logger.error("screening failed: %s", type(error).__name__)
            findings.append(_trouble(FAILED, "pipeline"))
        return Screening(
            _merge(findings),
            version=self.version,
            seconds=time.perf_counter() - began,
            score=max(scores, default=0.0),
        )

    def _missing(self, kind: Kind) -> list[str]:
        present = {phase.name for phase in self.phases if kind in phase.kinds}
        return [name for name, kinds in self.required.items() if kind in kinds and name not in present]

    def is_stuck(self, index: int) -> bool:
        with self._stuck_lock:
            return self._stuck[index] >= MOST_STUCK_THREADS

    def count_stuck(self, index: int, change: int) -> None:
        with self._stuck_lock:
            self._stuck[index] += change


class _Run:
    """One text through all phases, on a thread of its own so that a phase that hangs can be left behind."""

    def __init__(self, pipeline: Pipeline, text: str, context: Context) -> None:
        self.pipeline = pipeline
        self.text = text
        self.context = context
        self.readings: dict[str, Reading] = {}
        self.todo = [index for index, phase in enumerate(pipeline.phases) if context.kind in phase.kinds]

    def answers(self) -> list[Finding | Score]:
        found: list[Finding | Score] = []
        worker: _Worker | None = None
        for position, index in enumerate(self.todo):
            if worker is None:
                worker = _Worker(self, self.todo[position:])
                worker.start()
            answer = worker.answer(self.pipeline.timeout_seconds)
            if answer is None:
                self.pipeline.count_stuck(index, +1)
                answer = [self.report(TIMEOUT, index)]
                worker = None
            found += answer
        return found

    def ask(self, index: int) -> list[Finding | Score]:
        """What one phase says, checked. Whatever it raises is reported by type only: messages may hold text."""
        if self.pipeline.is_stuck(index):
            return [self.report(TIMEOUT, index)]
        phase = self.pipeline.phases[index]
        try:
            given = list(islice(phase.check(self.text, self.context), _MOST_FINDINGS_OF_A_PHASE + 1))
        except BaseException as error:
            logger.error("safety phase %s failed: %s", phase.name, type(error).__name__)
            return [_trouble(FAILED, phase.name)]
        sound = [said for said in given if _is_sound(said, phase.name, len(self.text))]
        if len(sound) < len(given) or len(given) > _MOST_FINDINGS_OF_A_PHASE:
            return [*sound, self.report(GARBAGE, index)]
        return sound

    def report(self, rule: Rule, index: int) -> Finding:
        name = self.pipeline.phases[index].name
        logger.error("safety phase %s: %s", name, rule.code)
        return _trouble(rule, name)


class _Worker(threading.Thread):
    """Asks one phase after the other and puts each answer out. Left behind, it stops after the phase it is in."""

    def __init__(self, run: _Run, todo: Sequence[int]) -> None:
        super().__init__(name="safety-screening", daemon=True)
        self._screening = run
        self._todo = todo
        self._answers: SimpleQueue[list[Finding | Score]] = SimpleQueue()
        self._lock = threading.Lock()
        self._left_behind = False

    def answer(self, timeout_seconds: float) -> list[Finding | Score] | None:
        """What the next phase says; None when it took too long, and then this worker is of no further use."""
        try:
            return self._answers.get(timeout=timeout_seconds)
        except Empty:
            with self._lock:
                if not self._answers.empty():  # it came in the last moment
                    return self._answers.get()
                self._left_behind = True
                return None

    def run(self) -> None:
        with one_screening(self._screening.readings):
            for index in self._todo:
                said = self._screening.ask(index)
                with self._lock:
                    if self._left_behind:
                        self._screening.pipeline.count_stuck(index, -1)
                        return
                    self._answers.put(said)


def _trouble(rule: Rule, phase: str) -> Finding:
    return Finding(rule.code, Severity.HOLD, 0, 0, rule.reason.format(phase=phase), "pipeline")


_SOUND_CODE = re.compile(r"[a-z_]+\.[a-z_]+")


def _is_sound(said: object, phase: str, length: int) -> bool:
    if isinstance(said, Score):
        return said.phase == phase and type(said.value) is float and 0.0 <= said.value <= 1.0  # which NaN is not
    return _is_sound_finding(said, phase, length)


def _is_sound_finding(finding: object, phase: str, length: int) -> bool:
    return (
        isinstance(finding, Finding)
        and isinstance(finding.code, str)
        and _SOUND_CODE.fullmatch(finding.code) is not None
        and finding.code.startswith(f"{phase}.")
        and finding.phase == phase
        and isinstance(finding.severity, Severity)
        and type(finding.start) is int
        and type(finding.end) is int
        and 0 <= finding.start <= finding.end <= length
        and isinstance(finding.reason, str)
        and bool(finding.reason)
        and isinstance(finding.level, Level)
    )


def _merge(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """In the phases' order, each finding once. None is dropped for the sake of another, only past twenty of a kind."""
    seen: Counter[tuple[str, Severity]] = Counter()
    kept: list[Finding] = []
    for finding in dict.fromkeys(findings):
        seen[finding.code, finding.severity] += 1
        if seen[finding.code, finding.severity] <= _MOST_FINDINGS_OF_A_CODE:
            kept.append(finding)
    return tuple(kept)


def _version(phases: Sequence[Phase]) -> str:
    parts = [f"{phase.name}={phase.version}" for phase in phases]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{PIPELINE_VERSION}:{digest[:6]}"
