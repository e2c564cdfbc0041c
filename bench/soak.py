"""Mixed load on the real engine for a long time: does memory grow, does anything fail, does a slot stay taken?

python -m bench.soak                  30 minutes; --minutes 120 for the long form
python -m bench.soak --model FILE     another file than the one in use

People come, write, ask, cancel and leave, with answers of several lengths and contexts prepared as the site prepares them;
many at a time and few at a time in turns, because nothing is prepared under a high load. Every five seconds resident memory
is read, less what the prepared contexts hold: that has a bound of its own, and comes and goes. After the warm-up a line is
fitted through the rest; the run fails when the whole confidence interval of its slope lies above the bound, when a request
fails, or when a slot is still taken at the end.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from assistant.inference.engine import Engine, EngineBusy, EngineError
from assistant.inference.modelfile import measured_file
from assistant.inference.types import Params, Preparation, Request
from bench.engine.cases import Case, make_case
from bench.engine.files import model_in_use
from bench.engine.machine import resident_mib

PEOPLE = 12  # more than slots, so that some wait
FEW = 3  # who leave each other time enough to prepare
TURN_SECONDS = 300.0  # many and few in turns
PAUSE_SECONDS = 8.0  # at most: before a visit, while writing, and before a click
SAMPLE_SECONDS = 5.0
WARM_UP_SHARE = 1 / 3
MOST_GROWTH = 1.0  # MiB an hour
WINDOWS = 12  # the samples after warm-up are averaged into so many: neighbouring samples are not independent
# Two-sided 95 % of Student's t for WINDOWS - 2 degrees of freedom.
T_95 = 2.228
CONTEXT = 2048


@dataclass(frozen=True, slots=True)
class Slope:
    """MiB an hour, with its 95 % confidence interval."""

    slope: float
    low: float
    high: float


def fit(seconds: Sequence[float], mib: Sequence[float]) -> Slope:
    """A straight line through the means of WINDOWS stretches of equal count."""
    if len(seconds) < WINDOWS:
        raise ValueError(f"{len(seconds)} samples: a fit needs {WINDOWS}. Run longer.")
    cuts = [round(number * len(seconds) / WINDOWS) for number in range(WINDOWS + 1)]
    hours = [statistics.fmean(seconds[a:b]) / 3600 for a, b in pairwise(cuts)]
    means = [statistics.fmean(mib[a:b]) for a, b in pairwise(cuts)]
    slope, start = statistics.linear_regression(hours, means)
    spread = sum((at - statistics.fmean(hours)) ** 2 for at in hours)
    left = sum((value - start - slope * at) ** 2 for at, value in zip(hours, means, strict=True))
    error = T_95 * math.sqrt(left / (WINDOWS - 2) / spread)
    return Slope(slope, slope - error, slope + error)


class Soak:
    def __init__(self, engine: Engine, *, seconds: float) -> None:
        self.engine = engine
        self.until = time.monotonic() + seconds
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.samples: list[tuple[float, float, float]] = []  # seconds, MiB resident, MiB of them in prepared contexts
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def run(self) -> None:
        people = [threading.Thread(target=self._visit_again_and_again, args=(number,)) for number in range(PEOPLE)]
        for person in people:
            person.start()
        while time.monotonic() < self.until:
            prepared = self.engine.state().prepared_bytes / 2**20
            self.samples.append((time.monotonic() - self._began, resident_mib(os.getpid()), prepared))
            time.sleep(SAMPLE_SECONDS)
        for person in people:
            person.join()

    def _visit_again_and_again(self, number: int) -> None:
        chance = random.Random(f"soak {number}")
        time.sleep(chance.uniform(0, 5))
        visit = 0
        while time.monotonic() < self.until:
            if number >= FEW and (time.monotonic() - self._began) // TURN_SECONDS % 2:
                time.sleep(1)
                continue
            visit += 1
            time.sleep(chance.uniform(0, PAUSE_SECONDS))  # quiet moments, in which contexts are prepared
            try:
                self._visit(make_case("soak", number, visit), chance)
            except EngineBusy:
                self._count("busy")
                time.sleep(1)
            except EngineError as error:
                with self._lock:
                    self.errors[error.code] += 1

    def _visit(self, case: Case, chance: random.Random) -> None:
        self.engine.prepare(Preparation(case=case.id, prompt=case.opening))
        time.sleep(chance.uniform(0, PAUSE_SECONDS))
        if chance.random() < 0.7:
            self.engine.prepare(Preparation(case=case.id, prompt=case.asking_with(case.half_draft)))
            time.sleep(chance.uniform(0, PAUSE_SECONDS))
        try:
            for _ in range(chance.choice((0, 1, 1, 2))):  # some leave without asking, some ask again
                self._ask(case, chance)
        finally:
            if chance.random() < 0.9:  # the others' contexts go by eviction alone
                self.engine.forget(case.id)

    def _ask(self, case: Case, chance: random.Random) -> None:
        params = Params(max_tokens=chance.choice((5, 40, 120, 300)), seed=chance.randrange(10**6), deadline_seconds=300)
        stream = self.engine.submit(Request(case.id, case.whole, params, case=case.id))
        leave_after = chance.randrange(1, 30) if chance.random() < 0.3 else 0
        if leave_after and chance.random() < 0.3:
            stream.cancel()  # before anything came
        for number, _piece in enumerate(stream, start=1):
            if number == leave_after:
                stream.cancel()
        assert stream.outcome is not None
        self._count(str(stream.outcome.stop))

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    from assistant.inference.llamacpp.engine import LlamaCppEngine

    engine = LlamaCppEngine(
        measured_file(given.model or model_in_use()), name="soak", context_tokens=CONTEXT, prepared_bytes=64 * 2**20
    )
    soak = Soak(engine, seconds=given.minutes * 60)
    soak.run()
    gc.collect()
    state = engine.state()
    engine.close()
    leaked = state.running + state.waiting
    warm = [sample for sample in soak.samples if sample[0] >= given.minutes * 60 * WARM_UP_SHARE]
    slope = fit([at for at, _, _ in warm], [mib - prepared for _, mib, prepared in warm])
    print(
        f"{sum(soak.counts.values())} requests: {dict(soak.counts)}; errors: {dict(soak.errors)}; slots left: {leaked}"
    )
    print(
        f"Prepared contexts: {state.prepared_hits} used, {state.prepared_misses} not, {state.evictions} dropped for room"
    )
    for when, (_, mib, prepared) in (("after warm-up", warm[0]), ("at the end", warm[-1])):
        print(f"Resident {when}: {mib:.1f} MiB, {prepared:.1f} of them prepared contexts")
    print(f"Growth: {slope.slope:+.2f} MiB/h (95 %: {slope.low:+.2f} to {slope.high:+.2f}), bound {MOST_GROWTH:g}")
    if given.json is not None:
        told = {"samples": soak.samples, "slope": asdict(slope), "counts": soak.counts, "errors": soak.errors}
        given.json.write_text(json.dumps({**told, "leaked": leaked, "state": asdict(state)}), encoding="utf-8")
    return 1 if slope.low > MOST_GROWTH or soak.errors or leaked else 0


if __name__ == "__main__":
    sys.exit(main())
