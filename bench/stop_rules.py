"""How often the stop rules end a trial, and how soon: simulated jobs, judged after every pair as the site does.

`python -m bench.stop_rules --rounds 500` prints one line for each situation. Nothing of the site runs; rules and intervals are
those of `assistant/stop_rules.py`, with the usual bounds.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass

from assistant.stop_rules import USUAL, USUAL_LEAST_JOBS, Arm, StopRules, fired

JOBS = 200  # of each arm


@dataclass(frozen=True, slots=True)
class Model:
    """Shares of its jobs, and the median of the seconds to its first words, which are drawn log-normal."""

    held: float = 0.05
    failed: float = 0.03
    reported: float = 0.01
    first_words: float = 1.5


SITUATIONS = {
    "no difference": (Model(), Model()),
    "no difference, 20 % held": (Model(held=0.2), Model(held=0.2)),
    "held 5 % -> 10 %, the bound": (Model(held=0.10), Model()),
    "held 5 % -> 20 %": (Model(held=0.20), Model()),
    "held 5 % -> 35 %": (Model(held=0.35), Model()),
    "held 5 % -> 60 %": (Model(held=0.60), Model()),
    "failed 3 % -> 20 %": (Model(failed=0.20), Model()),
    "reported 1 % -> 10 %": (Model(reported=0.10), Model()),
    "first words 1.5 s -> 5.5 s": (Model(first_words=5.5), Model()),
}


def jobs_until_stopped(candidate: Model, active: Model, *, drawn: random.Random) -> int | None:
    rules = StopRules.of({rule.value: bound for rule, bound in USUAL.items()}, least_jobs=USUAL_LEAST_JOBS)
    rows: tuple[list[Job], list[Job]] = ([], [])
    for number in range(1, JOBS + 1):
        for model, jobs in zip((candidate, active), rows, strict=True):
            jobs.append(Job.of(model, drawn))
        if fired(rules, candidate=arm_of(rows[0]), active=arm_of(rows[1])) is not None:
            return number
    return None


@dataclass(frozen=True, slots=True)
class Job:
    held: bool
    failed: bool
    reported: bool
    first_words: float

    @classmethod
    def of(cls, model: Model, drawn: random.Random) -> Job:
        held, failed, reported = (drawn.random() < share for share in (model.held, model.failed, model.reported))
        return cls(held, failed, reported, model.first_words * drawn.lognormvariate(0, 0.6))


def arm_of(jobs: list[Job]) -> Arm:
    """Each of a case of its own."""
    return Arm(
        jobs=len(jobs),
        held=[(int(job.held), 1) for job in jobs],
        failed=[(int(job.failed), 1) for job in jobs],
        reported=[(int(job.reported), 1) for job in jobs],
        first_words=[job.first_words for job in jobs],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drawn = random.Random(options.seed)
    print(f"{options.rounds} rounds of {JOBS} jobs of each arm, seed {options.seed}")
    for name, (candidate, active) in SITUATIONS.items():
        ends = [jobs_until_stopped(candidate, active, drawn=drawn) for _ in range(options.rounds)]
        stopped = sorted(end for end in ends if end is not None)
        share = len(stopped) / options.rounds
        most = stopped[int(0.9 * options.rounds) - 1] if share >= 0.9 else None
        median = stopped[len(stopped) // 2] if stopped else None
        print(f"{name:30} stopped {share:6.1%}  median at job {median}, nine of ten rounds by job {most}", flush=True)


if __name__ == "__main__":
    main()
