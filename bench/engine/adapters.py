"""What adapters cost: `python -m bench.engine.adapters`. Eight at once on the base alone (a file into which an adapter was
merged costs the same), with one adapter for all, and with two adapters by halves, round by round."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.engine.arms import ChildArm
from bench.engine.cases import make_cases
from bench.engine.figures import paired_ratio
from bench.engine.files import ensure_tuned, model_in_use, write_random_adapter
from bench.engine.plan import Step, tokens_per_second

MODES = ("im", "gm")
# By person, in turn. The first is what a merged file costs, too: it has the same matrices as the base.
ARMS: Mapping[str, tuple[str, ...]] = {"base or merged": ("",), "one adapter": ("im",), "two adapters by halves": MODES}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.engine.adapters", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, action="append", help="at once; default: 1 and 8")
    parser.add_argument("--model", type=Path, help="a GGUF file; without it the one in use, else the starter model")
    given = parser.parse_args(arguments)
    model = given.model or model_in_use()
    ensure_tuned(model, say=print)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            name: str(write_random_adapter(model, Path(folder) / f"{name}.gguf", seed=seed))
            for seed, name in enumerate(MODES)
        }
        arm = ChildArm.lantern("adapters", {"model": str(model), "context_tokens": 1024, "adapters": files})
        try:
            print(f"{model.name}, adapters of rank 8 on every matrix, {given.rounds} rounds")
            for people in given.people or (1, 8):
                report(people, rates(arm, people, given.rounds))
        finally:
            arm.close()
    return 0


def rates(arm: ChildArm, people: int, rounds: int) -> dict[str, list[float]]:
    """Tokens a second of all streams together, by what they use and round; another first in each round."""
    found: dict[str, list[float]] = {name: [] for name in ARMS}
    names = list(ARMS)
    for name in names:
        ask(arm, people, ARMS[name], f"warm-up {name}")
    for number in range(rounds):
        for place in range(len(names)):
            name = names[(number + place) % len(names)]
            found[name].append(ask(arm, people, ARMS[name], f"{name} {number}"))
    return found


def ask(arm: ChildArm, people: int, adapters: tuple[str, ...], seed: str) -> float:
    cases = make_cases(people, "adapters", seed)
    answers = arm.run(
        [Step("ask", case.id, prompt=case.whole, adapter=adapters[n % len(adapters)]) for n, case in enumerate(cases)]
    )
    if broken := [answer.error for answer in answers if answer.error]:
        raise RuntimeError(f"An answer failed: {broken[0]}.")
    return tokens_per_second(answers)


def report(people: int, found: dict[str, list[float]]) -> None:
    base = found["base or merged"]
    for name, values in found.items():
        ratio = paired_ratio(values, base)
        print(
            f"  {people} at once, {name:<24} {statistics.median(values):6.1f} tokens/s"
            f"   {ratio.median:.2f} of the base ({ratio.low:.2f} to {ratio.high:.2f})"
        )


if __name__ == "__main__":
    raise SystemExit(main())
