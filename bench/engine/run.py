"""One whole run: the arms are started once, then every round takes each scenario, and each scenario its arms in turn."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.engine.arms import Arm, ChildArm, ServerArm, Tokeniser
from bench.engine.cases import make_cases
from bench.engine.machine import MOST_NEIGHBOURS, watching
from bench.engine.plan import Answer, Step
from bench.engine.scenarios import SCENARIOS, Figures, Round, Scenario, Size

TRIES = 3  # of one scenario in one round, until no neighbour disturbed it
WARM_TOKENS = 8
LANTERN_ARMS: dict[str, dict[str, Any]] = {"": {}, "16": {"slots": 16}, "no-lookup": {"lookup": False}}
PAUSE_SECONDS = 0.5  # before each cell: whoever worked last goes to sleep


@dataclass(frozen=True, slots=True)
class Setup:
    model: Path
    rounds: int = 5
    threads: int = 2
    context: int = 1024
    size: Size = field(default_factory=Size)
    only: tuple[str, ...] = ()
    allow_busy: bool = False
    server_more: tuple[str, ...] = ()
    lantern_more: dict[str, Any] = field(default_factory=dict)

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        return tuple(scenario for scenario in SCENARIOS if not self.only or scenario.name in self.only)


@dataclass(slots=True)
class Cell:
    """One scenario with one arm in one round."""

    scenario: str
    arm: str
    round: int
    attempt: int
    figures: Figures
    seconds: float
    neighbours: float  # share of one core
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        return self.neighbours <= MOST_NEIGHBOURS


class Run:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.cells: list[Cell] = []
        self._arms: dict[str, Arm] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Run:
        server = self._server("tokens", slots=1)
        self._tokeniser = Tokeniser(server.server.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def measure(self) -> None:
        for round_ in range(self.setup.rounds):
            for scenario in self.setup.scenarios:
                self._measure(scenario, round_)

    def _measure(self, scenario: Scenario, round_: int) -> None:
        """All arms on the same texts; all of them anew, on other texts, when a neighbour disturbed one."""
        if scenario.name.startswith("at-once-") and int(scenario.name.rsplit("-", 1)[1]) > max(self.setup.size.people):
            return
        for attempt in range(TRIES):
            # In turn, so that none always comes first after a pause.
            shift = (round_ + attempt) % len(scenario.arms)
            names = (*scenario.arms[shift:], *scenario.arms[:shift])
            cells = [self._cell(scenario, name, round_, attempt) for name in names]
            if self.setup.allow_busy or all(cell.quiet for cell in cells) or attempt == TRIES - 1:
                self.cells += cells
                return

    def _cell(self, scenario: Scenario, name: str, round_: int, attempt: int) -> Cell:
        arm = self._arm(name)
        time.sleep(PAUSE_SECONDS)
        at_work = Round(
            run=lambda steps: self._run(arm, steps),
            settle=arm.settle,
            counters=arm.counters,
            seed=(scenario.name, round_, attempt),
            size=self.setup.size,
        )
        with watching(arm.pids) as load:
            figures = scenario.measure(at_work)
        cell = Cell(scenario.name, name, round_, attempt, figures, load.seconds, load.neighbours)
        cell.answers = [without_text(answer) for answer in at_work.answers]
        busy = "" if cell.quiet else f"  neighbours {cell.neighbours:.0%}"
        print(f"round {round_ + 1} {scenario.name:<16} {name:<18} {load.seconds:6.1f} s{busy}", flush=True)
        return cell

    def _run(self, arm: Arm, steps: Sequence[Step]) -> list[Answer]:
        if not arm.takes_text:  # cut before the clock starts
            steps = [
                replace(step, tokens=tuple(self._tokeniser.tokens_of(step.prompt)))
                if step.do == "ask" and step.prompt is not None
                else step
                for step in steps
            ]
        return arm.run(list(steps))

    def commands(self) -> dict[str, list[str]]:
        """How the servers were started, with the path of the model as it was given."""
        return {name: list(arm.server.command[1:]) for name, arm in self._arms.items() if isinstance(arm, ServerArm)}

    # Starting and warming up.

    def _arm(self, name: str) -> Arm:
        if name not in self._arms:
            arm = self._start(name)
            self._arms[name] = arm
            self._warm_up(arm)
        return self._arms[name]

    def _start(self, name: str) -> Arm:
        kind, _, number = name.partition("-")
        if kind == "server":
            return self._server(name, slots=int(number))
        common = {"model": str(self.setup.model), "context_tokens": self.setup.context}
        if kind == "plain":
            arm = ChildArm.bare(name, kind, {**common, "threads": self.setup.threads})
        elif kind == "alone":
            arm = ChildArm.bare(name, kind, {**common, "threads": self.setup.threads, "sequences": int(number)})
        else:
            arm = ChildArm.lantern(name, {**common, **self.setup.lantern_more, **LANTERN_ARMS[number]})
        self._open.callback(arm.close)
        return arm

    def _server(self, name: str, *, slots: int) -> ServerArm:
        arm = ServerArm(
            name,
            self.setup.model,
            slots=slots,
            threads=self.setup.threads,
            context=self.setup.context,
            more=self.setup.server_more,
        )
        self._open.callback(arm.close)
        return arm

    def _warm_up(self, arm: Arm) -> None:
        """Every slot of a server has had the system text once, and every arm has answered."""
        slots = arm.slots if isinstance(arm, ServerArm) else 1
        for slot, case in enumerate(make_cases(slots, "warm up", arm.name)):
            pinned = slot if isinstance(arm, ServerArm) else -1
            steps = [Step("ask", case.id, prompt=case.whole, max_tokens=WARM_TOKENS, slot=pinned, label="warm up")]
            self._run(arm, steps)
            self._run(arm, [Step("forget", case.id)])
            self._run(arm, [replace(steps[0], prompt=case.copying, slot=-1)] if slot == 0 else [])


def without_text(answer: Answer) -> dict[str, Any]:
    return {**asdict(answer), "text": len(answer.text)}
