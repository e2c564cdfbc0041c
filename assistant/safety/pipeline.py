"""Runs the phases on a text. Whatever goes wrong here holds or asks for a person; it never raises and is never silent."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from queue import Empty, SimpleQueue

from assistant.safety import phases, policy
from assistant.safety.breaker import Breaker, CheckState, Status, canary_of
from assistant.safety.own_words import lowered
from assistant.safety.reading import Reading, one_screening
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Level, Phase, Score, Screening, Severity

logger = logging.getLogger(__name__)

PIPELINE_VERSION = 3
# A phase that hangs keeps its thread. Past this many it is not called any more: its texts are held at once.
MOST_STUCK_THREADS = 4
_MOST_FINDINGS_OF_A_PHASE = 2_000
_MOST_FINDINGS_OF_A_CODE = 20

# A reply or a suggestion that was not fully checked waits. A post that was not is looked at by a person and can be answered
# meanwhile: a seeker must not wait for our repair.
_TROUBLE = severities(post=Severity.REVIEW, suggestion=Severity.HOLD, reply=Severity.HOLD)
FAILED = Rule("pipeline.phase_failed", "The {phase} check failed, so this text was not fully checked.", _TROUBLE)
TIMEOUT = Rule(
    "pipeline.phase_timeout", "The {phase} check took too long, so this text was not fully checked.", _TROUBLE
)
GARBAGE = Rule("pipeline.phase_garbage", "The {phase} check gave an answer that makes no sense.", _TROUBLE)
MISSING = Rule("pipeline.phase_missing", "The {phase} check is missing, so this text was not fully checked.", _TROUBLE)
OPEN = Rule(
    "pipeline.phase_open",
    "The {phase} check is switched off after failing, so this text was not fully checked.",
    _TROUBLE,
)
CANARY = Rule(
    "pipeline.canary_missed", "The checks judged a test sentence wrongly, so they are not trusted now.", _TROUBLE
)
RULES = (FAILED, TIMEOUT, GARBAGE, MISSING, OPEN, CANARY)


def screen(text: str, context: Context) -> Screening:
    """Screen with the phases and requirements of `assistant.safety.phases`. Thread-safe; never raises."""
    try:
        return default_pipeline().screen(text, context)
    except Exception as error:  # last line of defence: the caller stores what we return, and that must not look clean
        logger.error("screening failed: %s", type(error).__name__)
        return Screening((_trouble(FAILED, "pipeline", context),), version=f"{PIPELINE_VERSION}:failed")


_default: list[Pipeline] = []
_default_lock = threading.Lock()


def default_pipeline() -> Pipeline:
    """The one of this process, made at the first call. Raises PolicyError while the policy file cannot be used."""
    with _default_lock:
        if not _default:
            checks = policy.current().checks
            _default.append(
                Pipeline(
                    phases.build_phases(),
                    phases.REQUIRED,
                    timeout_seconds=checks.timeout_seconds,
                    failures_to_open=checks.failures_to_open,
                )
            )
        return _default[0]


def forget_default_pipeline() -> None:
    """After another policy file was chosen; what was learnt about failing phases is forgotten too."""
    with _default_lock:
        _default.clear()


def state() -> dict[str, CheckState]:
    """Of every check in this process; never raises."""
    try:
        return default_pipeline().breaker.state()
    except Exception as error:
        return {"pipeline": CheckState(Status.OPEN, datetime.now(UTC), last_error=type(error).__name__)}


def troubles() -> list[dict[str, str]]:
    """The checks of this process that are not trusted now, as plain values for a row or a page; never raises."""
    return [
        {"check": name, "status": str(check.status), "since": check.since.isoformat(), "error": check.last_error}
        for name, check in sorted(state().items())
        if check.status is not Status.CLOSED
    ]


def passed_at() -> str | None:
    """When this process last judged all test sentences rightly; never raises."""
    try:
        passed = default_pipeline().breaker.passed_at
    except Exception:
        return None  # `troubles` says why
    return passed.isoformat() if passed else None


def in_trouble(kind: Kind) -> list[str]:
    """The checks that a text of this kind needs and that cannot be trusted now; never raises."""
    try:
        return default_pipeline().in_trouble(kind)
    except Exception as error:
        logger.error("screening is unavailable: %s", type(error).__name__)
        return ["pipeline"]


class Pipeline:
    """Phases in order, and which of them must be there for which kind of text."""

    def __init__(
        self,
        phases: Sequence[Phase],
        required: Mapping[str, frozenset[Kind]],
        timeout_seconds: float = 2.0,
        failures_to_open: int = 3,
    ) -> None:
        self.phases = tuple(phases)
        self.required = dict(required)
        self.timeout_seconds = timeout_seconds  # for each phase
        self.version = _version(self.phases)
        self.built_phases = tuple(phase.name for phase in self.phases)
        self.breaker = Breaker(self.built_phases, failures_to_open=failures_to_open)
        for name in self.required.keys() - set(self.built_phases):
            self.breaker.open(name, "missing")
        for phase in self.phases:
            for kind in self.required.get(phase.name, frozenset()) - phase.kinds:
                self.breaker.open(f"{phase.name}.{kind}", "missing")
        self._stuck: Counter[int] = Counter()
        self._stuck_lock = threading.Lock()

    def screen(self, text: str, context: Context, *, probe: bool = False) -> Screening:
        """Never raises: trouble of any sort is a finding. `probe`: a test sentence, which half-open phases are asked too."""
        began = time.perf_counter()
        findings: list[Finding] = []
        scores: list[float] = []
        try:
            if not isinstance(text, str):  # a caller's defect; the phases have done nothing to be switched off for
                raise TypeError(type(text).__name__)
            findings += [_trouble(MISSING, name, context) for name in self._missing(context.kind)]
            if not probe and not self.breaker.is_closed(canary_of(context.kind)):
                findings.append(_trouble(CANARY, "pipeline", context))
            run = _Run(self, text, context, probe=probe)
            for said in run.answers():
                if isinstance(said, Score):
                    scores.append(said.value)
                else:
                    findings.append(said)
            with one_screening(run.readings):
                findings = lowered(findings, text, context)
        except Exception as error:  # no thread to be had, or a caller that passes no text
            logger.error("screening failed: %s", type(error).__name__)
            findings.append(_trouble(FAILED, "pipeline", context))
        return Screening(
            _merge(findings),
            version=self.version,
            seconds=time.perf_counter() - began,
            score=max(scores, default=0.0),
        )

    def in_trouble(self, kind: Kind) -> list[str]:
        needed = [name for name, kinds in self.required.items() if kind in kinds]
        open_ones = [name for name in [*needed, canary_of(kind)] if not self.breaker.is_closed(name)]
        return list(dict.fromkeys([*self._missing(kind), *open_ones]))

    def _missing(self, kind: Kind) -> list[str]:
        present = {phase.name for phase in self.phases if kind in phase.kinds}
        return [name for name, kinds in self.required.items() if kind in kinds and name not in present]

    def is_stuck(self, index: int) -> bool:
        with self._stuck_lock:
            return self._stuck[index] >= MOST_STUCK_THREADS

    def count_stuck(self, index: int, change: int) -> None:
        with self._stuck_lock:
            self._stuck[index] += change


@dataclass(frozen=True, slots=True)
class _Answer:
    said: Sequence[Finding | Score]
    trouble: Rule | None = None
    error: str = ""  # a type or a code; messages may hold text


_DIED = _Answer((), FAILED, "thread_died")


class _Run:
    """One text through all phases, on a thread of its own so that a phase that hangs can be left behind."""

    def __init__(self, pipeline: Pipeline, text: str, context: Context, *, probe: bool) -> None:
        self.pipeline = pipeline
        self.text = text
        self.context = context
        self.readings: dict[str, Reading] = {}
        self.closed: list[Finding] = []
        self.todo: list[int] = []
        for index, phase in enumerate(pipeline.phases):
            if context.kind not in phase.kinds:
                continue
            if pipeline.breaker.lets_through(phase.name, probe=probe):
                self.todo.append(index)
            else:
                self.closed.append(_trouble(OPEN, phase.name, context))

    def answers(self) -> list[Finding | Score]:
        found: list[Finding | Score] = [*self.closed]
        worker: _Worker | None = None
        for position, index in enumerate(self.todo):
            if worker is None:
                worker = _Worker(self, self.todo[position:])
                worker.start()
            answer = worker.answer(index, self.pipeline.timeout_seconds)
            if worker.is_useless:
                worker = None
            found += self.judged(index, answer)
        return found

    def ask(self, index: int) -> _Answer:
        """What one phase says, checked. Whatever it raises is reported by type only: messages may hold text."""
        if self.pipeline.is_stuck(index):
            return _Answer((), TIMEOUT, "stuck")
        phase = self.pipeline.phases[index]
        try:
            given = list(islice(phase.check(self.text, self.context), _MOST_FINDINGS_OF_A_PHASE + 1))
        except BaseException as error:
            return _Answer((), FAILED, type(error).__name__)
        sound = [said for said in given if _is_sound(said, phase.name, len(self.text))]
        if len(sound) < len(given) or len(given) > _MOST_FINDINGS_OF_A_PHASE:
            return _Answer(sound, GARBAGE, "garbage")
        return _Answer(sound)

    def judged(self, index: int, answer: _Answer) -> list[Finding | Score]:
        name = self.pipeline.phases[index].name
        if answer.trouble is None:
            self.pipeline.breaker.succeeded(name)
            return list(answer.said)
        logger.error("safety phase %s: %s: %s", name, answer.trouble.code, answer.error)
        self.pipeline.breaker.failed(name, answer.error)
        return [*answer.said, _trouble(answer.trouble, name, self.context)]


class _Worker(threading.Thread):
    """Asks one phase after the other and puts each answer out. Left behind, it stops after the phase it is in."""

    def __init__(self, run: _Run, todo: Sequence[int]) -> None:
        super().__init__(name="safety-screening", daemon=True)
        self.is_useless = False
        self._screening = run
        self._todo = todo
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._lock = threading.Lock()
        self._left_behind_in: int | None = None

    def answer(self, index: int, timeout_seconds: float) -> _Answer:
        """What the next phase says, or that it took too long; then this worker is of no further use."""
        try:
            answer = self._answers.get(timeout=timeout_seconds)
        except Empty:
            with self._lock:
                if not self._answers.empty():  # it came in the last moment
                    answer = self._answers.get()
                else:
                    self.is_useless = True
                    self._left_behind_in = index
                    self._screening.pipeline.count_stuck(index, +1)
                    return _Answer((), TIMEOUT, "timeout")
        self.is_useless = answer is _DIED
        return answer

    def run(self) -> None:
        try:
            with one_screening(self._screening.readings):
                for index in self._todo:
                    said = self._screening.ask(index)
                    with self._lock:
                        if self._left_behind_in is not None:
                            return
                        self._answers.put(said)
        except BaseException as error:  # outside of any phase: whoever waits is told below
            logger.error("safety screening thread died: %s", type(error).__name__)
        finally:
            with self._lock:
                if self._left_behind_in is None:
                    self._answers.put(_DIED)  # read only when an answer is still owed: whoever waits need not wait long
                else:
                    self._screening.pipeline.count_stuck(self._left_behind_in, -1)


def _trouble(rule: Rule, phase: str, context: Context) -> Finding:
    severity = rule.severities.get(getattr(context, "kind", Kind.REPLY), Severity.HOLD)
    return Finding(rule.code, severity, 0, 0, rule.reason.format(phase=phase), "pipeline")


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
    seen: Counter[tuple[str, Severity, Level]] = Counter()
    kept: list[Finding] = []
    for finding in dict.fromkeys(findings):
        seen[finding.code, finding.severity, finding.level] += 1
        if seen[finding.code, finding.severity, finding.level] <= _MOST_FINDINGS_OF_A_CODE:
            kept.append(finding)
    return tuple(kept)


def _version(phases: Sequence[Phase]) -> str:
    parts = [f"{phase.name}={phase.version}" for phase in phases]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{PIPELINE_VERSION}:{digest[:6]}"
