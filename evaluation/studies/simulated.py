"""Studies whose truth is known, to see how often the analysis finds it.

    python -m evaluation.studies simulate --runs 100 --items 60 --arms 4 --raters 6 --seed 1 [--json]
        [--ratings 3] [--dropouts 1] [--missing 0.2]

A rating is arm + item + rater + text + rater by arm + noise, rounded and cut to 1..5; each rater has a bias and a noise of
their own. Rounding moves means and shortens differences, so the truth is what it is on the rounded scale: the mean and the
standard deviation of an arm over a million ratings, each of another item and another rater. The arms of every study are
compared as they are for a report; that it reads the same from a file of the site is tested.

Everybody rates everything, but for what is left out: with --ratings each text is rated by so many, dealt as the site deals;
with --dropouts so many raters stop half way through what they were given; with --missing this share of what is left was never
given, by chance. The same seed makes the same ratings, whatever is left out of them.

Exit: 0 when in 93 of 100 studies or more the arms come in their order and all differences and effects lie in the intervals
that are made for all at once, and no single count is lower than that of a 95 % interval is by chance once in a thousand
times; else 1.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from evaluation.stats import CONFIDENCE
from evaluation.studies.compared import Compared, Value, compare

BAR = 0.93
LOOKED_AT = 20  # texts among which the next is looked for, as the site does (webapp/studies/dealing.py)
POPULATION = 1_000_000
DIMENSION = "empathy"
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class World:
    """Means and standard deviations before rounding, in points."""

    means: tuple[float, ...]
    item: float = 0.5
    rater: float = 0.4  # the spread of their biases
    text: float = 0.4
    taste: float = 0.15  # rater by arm
    noise: tuple[float, float] = (0.6, 1.2)  # of each rater another, evenly between these

    def ratings(
        self, chance: np.random.Generator, arms: np.ndarray, effects: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        exact = np.array(self.means)[arms] + effects + noise * chance.standard_normal(len(arms))
        whole: np.ndarray = np.clip(np.rint(exact), LOWEST, HIGHEST).astype(int)
        return whole


def world_of(arms: int) -> World:
    return World(tuple(float(one) for one in np.linspace(2.6, 3.8, arms)))


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is not rated of a study."""

    ratings: int | None = None  # of each text; None: everybody rates everything
    dropouts: int = 0  # raters who stop half way
    missing: float = 0.0  # share of the rest, by chance


COMPLETE = Gaps()


@dataclass(frozen=True, slots=True)
class Truth:
    means: np.ndarray  # on the rounded scale, by arm
    deviation: float  # of one rating within an arm

    def effect(self, arm: int, against: int) -> float:
        return float((self.means[arm] - self.means[against]) / self.deviation)


def truth_of(world: World, *, seed: int) -> Truth:
    chance = np.random.default_rng(seed)
    spread = float(np.hypot.reduce([world.item, world.rater, world.text, world.taste]))
    means, variances = [], []
    for arm in range(len(world.means)):
        effects = spread * chance.standard_normal(POPULATION)
        noise = chance.uniform(*world.noise, size=POPULATION)
        values = world.ratings(chance, np.full(POPULATION, arm), effects, noise)
        means.append(values.mean())
        variances.append(values.var())
    return Truth(np.array(means), float(np.mean(variances)) ** 0.5)


def simulate_study(world: World, *, items: int, raters: int, seed: int, gaps: Gaps = COMPLETE) -> dict[str, Any]:
    """As the site writes it."""
    chance = np.random.default_rng(seed)
    arms = len(world.means)
    item, arm, rater = (
        one.ravel() for one in np.meshgrid(np.arange(items), np.arange(arms), np.arange(raters), indexing="ij")
    )
    effects = (
        chance.normal(0, world.item, items)[item]
        + chance.normal(0, world.rater, raters)[rater]
        + chance.normal(0, world.text, (items, arms))[item, arm]
        + chance.normal(0, world.taste, (raters, arms))[rater, arm]
    )
    values = world.ratings(chance, arm, effects, chance.uniform(*world.noise, size=raters)[rater])
    given = dealt(chance, items=items, arms=arms, raters=raters, ratings=gaps.ratings or raters)
    rated = _left(given, gaps, chance).ravel()
    rows = [
        rating_row(f"r{r}", f"i{i}", f"a{a}", value=int(value), position=number)
        for number, (i, a, r, value, there) in enumerate(zip(item, arm, rater, values, rated, strict=True))
        if there
    ]
    return study_fields(arms=arms, items=items, given=given.sum(axis=(0, 1)).tolist(), ratings=rows, seed=seed)


def dealt(chance: np.random.Generator, *, items: int, arms: int, raters: int, ratings: int) -> np.ndarray:
    """By item, arm and rater whether it is given. As the site deals: the ratings of one arm after the other go round the raters,
    as cards do, and each time to that text among the next whose post they know least.
    """
    if ratings == raters:
        return np.ones((items, arms, raters), dtype=bool)
    given = np.zeros((items, arms, raters), dtype=bool)
    round_of, turn = chance.permutation(raters), 0
    for arm in chance.permutation(arms):
        waiting = chance.permutation(items).tolist()
        while waiting:
            whose = round_of[np.arange(turn, turn + ratings) % raters]
            known = given[np.ix_(waiting[:LOOKED_AT], np.arange(arms), whose)].sum(axis=(1, 2))
            given[waiting.pop(int(known.argmin())), arm, whose] = True
            turn += ratings
    return given


def _left(given: np.ndarray, gaps: Gaps, chance: np.random.Generator) -> np.ndarray:
    rated = given.copy()
    raters = given.shape[2]
    for rater in chance.permutation(raters)[: gaps.dropouts]:
        theirs = chance.permutation(np.argwhere(given[:, :, rater]))
        late = theirs[(len(theirs) + 1) // 2 :]
        rated[late[:, 0], late[:, 1], rater] = False
    return rated & (chance.random(given.shape) >= gaps.missing)


def rating_row(rater: str, item: str, arm: str, *, value: int, position: int) -> dict[str, Any]:
    return {
        "rater": rater,
        "item": item,
        "arm": arm,
        "position": position,
        "seconds": 30.0,
        "values": {DIMENSION: value},
        "passed": None,
    }


def study_fields(
    *, arms: int, items: int, given: Sequence[int], ratings: Sequence[dict[str, Any]], seed: int
) -> dict[str, Any]:
    """`given`: how many texts to each rater."""
    done = Counter(row["rater"] for row in ratings)
    return {
        "format": 1,
        "name": "simulated",
        "question": "Does the analysis find what is there?",
        "form": "scales",
        "seed": seed,
        "opened": "2026-01-01T00:00:00Z",
        "closed": "2026-01-02T00:00:00Z",
        "plan_sha256": "simulated",
        "planned": {"candidate": f"a{arms - 1}", "reference": "a0", "dimension": DIMENSION, "margin": 0.5},
        "scale": [LOWEST, HIGHEST],
        "dimensions": [DIMENSION],
        "arms": [{"key": f"a{a}", "kind": "other", "model": "", "sha256": "", "prompt": ""} for a in range(arms)],
        "items": [
            {"id": f"i{i}", "source": f"i{i}", "role": "rated", "language": "en", "level": 0, "stratum": ""}
            for i in range(items)
        ],
        "raters": [
            {"code": f"r{r}", "panel": "lay", "credentials": "", "consented": True, "withdrew": False, "trained": True}
            | {"given": count, "done": done[f"r{r}"], "skipped": 0, "may_train": False}
            for r, count in enumerate(given)
        ],
        "ratings": list(ratings),
        "choices": [],
        "skips": [],
        "comments": [],
        "outputs": [],
    }


@dataclass(slots=True)
class Counts:
    """In how many of `runs` studies the truth was found."""

    runs: int
    differences: dict[str, int]  # by pair of arms: the true difference in points lies in its interval
    effects: dict[str, int]  # the true standardised effect does
    together: int = 0  # all differences and all effects at once, in the intervals made for that
    ranks: int = 0  # the arms come in their true order
    all_of_it: int = 0  # together and ranks
    width: float = 0.0  # of the 95 % intervals of all differences in points, added up
    width_of_effects: float = 0.0

    def shares(self) -> dict[str, float]:
        whole = {"together": self.together, "ranks": self.ranks, "together and ranks": self.all_of_it}
        each = {f"difference {pair}": n for pair, n in self.differences.items()}
        return {name: n / self.runs for name, n in {**each, **self._effects(), **whole}.items()}

    def widths(self) -> dict[str, float]:
        """The mean width of one 95 % interval."""
        n = self.runs * len(self.differences)
        return {"difference": self.width / n, "effect": self.width_of_effects / n}

    def hold(self) -> bool:
        least = float(stats.binom.ppf(0.001, self.runs, CONFIDENCE))
        each = (*self.differences.values(), *self.effects.values())
        return self.all_of_it >= BAR * self.runs and min(each) >= least

    def _effects(self) -> dict[str, int]:
        return {f"effect {pair}": n for pair, n in self.effects.items()}


def simulate(
    *, runs: int, items: int, arms: int, raters: int, seed: int, gaps: Gaps = COMPLETE
) -> tuple[Counts, Truth]:
    world = world_of(arms)
    truth = truth_of(world, seed=seed)
    pairs = {f"a{one} - a{other}": (one, other) for one, other in itertools.combinations(range(arms), 2)}
    counts = Counts(runs, dict.fromkeys(pairs, 0), dict.fromkeys(pairs, 0))
    with threadpool_limits(1):
        for run in range(runs):
            fields = simulate_study(world, items=items, raters=raters, seed=seed * 1_000_003 + run, gaps=gaps)
            values = [
                Value(row["rater"], row["item"], row["arm"], row["values"][DIMENSION]) for row in fields["ratings"]
            ]
            found = compare(values, [arm["key"] for arm in fields["arms"]], with_ranks=False)
            count(counts, found, truth, pairs)
            if (run + 1) % 10 == 0:
                print(f"{run + 1} of {runs}", file=sys.stderr, flush=True)
    return counts, truth


def count(counts: Counts, found: Compared, truth: Truth, pairs: Mapping[str, tuple[int, int]]) -> None:
    all_together = True
    for pair, (one, other) in pairs.items():
        difference = found.between(f"a{one}", f"a{other}")
        if difference is None:
            all_together = False
            continue
        true = float(truth.means[one] - truth.means[other])
        plain = difference.contrast.estimate()
        counts.differences[pair] += plain.low <= true <= plain.high
        counts.effects[pair] += difference.effect.low <= truth.effect(one, other) <= difference.effect.high
        counts.width += plain.high - plain.low
        counts.width_of_effects += difference.effect.high - difference.effect.low
        all_together &= difference.together.low <= true <= difference.together.high
        all_at_once = difference.effects_together
        all_together &= all_at_once.low <= truth.effect(one, other) <= all_at_once.high
    means = [found.means[f"a{arm}"].value for arm in range(len(truth.means)) if f"a{arm}" in found.means]
    in_order = len(means) == len(truth.means) and list(np.argsort(np.array(means))) == list(np.argsort(truth.means))
    counts.together += all_together
    counts.ranks += in_order
    counts.all_of_it += all_together and in_order


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.studies simulate", allow_abbrev=False)
    for name, least, usual in (("runs", 1, 100), ("items", 10, 60), ("arms", 2, 4), ("raters", 2, 6), ("seed", 0, 1)):
        parser.add_argument(f"--{name}", type=int, default=usual, metavar=f"{least}..")
        parser.set_defaults(**{f"least_{name}": least})
    parser.add_argument(
        "--ratings", type=int, metavar="1..", help="of each text; everybody rates everything without it"
    )
    parser.add_argument("--dropouts", type=int, default=0, metavar="0..", help="raters who stop half way")
    parser.add_argument("--missing", type=float, default=0.0, metavar="0..0.9", help="share that is missing by chance")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    for name in ("runs", "items", "arms", "raters", "seed"):
        if getattr(asked, name) < (least := getattr(asked, f"least_{name}")):
            parser.error(f"--{name} {getattr(asked, name)}: want {least} or more.")
    if asked.ratings is not None and not 1 <= asked.ratings <= asked.raters:
        parser.error(f"--ratings {asked.ratings}: want 1 to {asked.raters}, as many as there are raters.")
    if not 0 <= asked.dropouts <= asked.raters:
        parser.error(f"--dropouts {asked.dropouts}: want 0 to {asked.raters}, as many as there are raters.")
    if not 0 <= asked.missing <= 0.9:
        parser.error(f"--missing {asked.missing:g}: want a share from 0 to 0.9.")
    gaps = Gaps(asked.ratings, asked.dropouts, asked.missing)
    numbers = {name: getattr(asked, name) for name in ("runs", "items", "arms", "raters", "seed")}
    counts, truth = simulate(**numbers, gaps=gaps)
    shares = counts.shares()
    means = ", ".join(f"a{arm} {mean:.3f}" for arm, mean in enumerate(truth.means))
    if asked.json:
        true = truth.means.tolist()
        print(json.dumps({"runs": counts.runs, "true_means": true, "shares": shares, "widths": counts.widths()}))
    else:
        print(f"True means on the rounded scale: {means}; standard deviation {truth.deviation:.3f}.")
        for name, share in shares.items():
            print(f"{name}: {round(share * counts.runs)} of {counts.runs}")
        widths = counts.widths()
        print(f"mean width: {widths['difference']:.3f} points, {widths['effect']:.3f} as an effect")
    return 0 if counts.hold() else 1
