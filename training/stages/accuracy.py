"""How often a model finds the better of two answers likelier, with intervals. Plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DRAWS = 4000
SHORTEST, LONGEST = 0.8, 1.25  # of words of chosen over rejected: pairs of about the same length
LONGER = "longer is better"


@dataclass(frozen=True, slots=True)
class Scored:
    """One held-out pair: what each model gives its two answers, as (sum of log-likelihoods, tokens)."""

    id: str
    group: str
    words: tuple[int, int]
    told: Mapping[str, tuple[tuple[float, int], tuple[float, int]]]

    @property
    def is_matched(self) -> bool:
        return SHORTEST <= self.words[0] / max(1, self.words[1]) <= LONGEST


def judgements(pairs: Sequence[Scored], reference: str | None = None) -> dict[str, Floats]:
    """For each way to decide: 1 where it picks the chosen answer, 0 where it does not, 1/2 where it cannot tell."""
    ways = {LONGER: np.array([_half(one.words[0] - one.words[1]) for one in pairs])}
    for name in pairs[0].told if pairs else ():
        told = [one.told[name] for one in pairs]
        ways[f"{name}, sum"] = np.array([_half(a[0] - b[0]) for a, b in told])
        ways[f"{name}, per token"] = np.array([_half(a[0] / a[1] - b[0] / b[1]) for a, b in told])
        if reference and name != reference:
            known = [one.told[reference] for one in pairs]
            gains = [(a[0] - c[0]) - (b[0] - d[0]) for (a, b), (c, d) in zip(told, known, strict=True)]
            ways[f"{name}, gain on {reference}"] = np.array([_half(gain) for gain in gains])
    return ways


def _half(gap: float) -> float:
    return 0.5 if gap == 0 else float(gap > 0)


def by_question(judged: Floats, groups: Sequence[str]) -> Floats:
    """The mean of each group: a question with many pairs counts as one."""
    names, at = np.unique(np.array(groups), return_inverse=True)
    means: Floats = np.bincount(at, weights=judged, minlength=len(names)) / np.bincount(at, minlength=len(names))
    return means


def interval(values: Floats, *, seed: int) -> dict[str, float]:
    """95 %, questions drawn again."""
    draw = np.random.default_rng(seed)
    drawn = draw.integers(0, len(values), size=(DRAWS, len(values)))
    means = values[drawn].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def table(pairs: Sequence[Scored], *, seed: int, base: str) -> dict[str, Any]:
    """Accuracy of each way to decide; what a model gains on length, and on the base asked in the same way."""
    if not pairs:
        return {"pairs": 0, "questions": 0, "accuracy": {}, "difference": {}}
    groups = [pair.group for pair in pairs]
    means = {name: by_question(judged, groups) for name, judged in judgements(pairs, base).items()}
    gaps = {}
    for name, values in means.items():
        for other in (LONGER, base + name[name.find(",") :]):
            if other != name and other in means and name != LONGER:
                gaps[f"{name} - {other}"] = interval(values - means[other], seed=seed)
    told = {name: interval(values, seed=seed) for name, values in means.items()}
    return {"pairs": len(pairs), "questions": len(set(groups)), "accuracy": told, "difference": gaps}


def report(pairs: Sequence[Scored], *, seed: int = 1, base: str = "base") -> dict[str, Any]:
    matched = [pair for pair in pairs if pair.is_matched]
    return {
        "all": table(pairs, seed=seed, base=base),
        f"length-matched ({SHORTEST} to {LONGEST})": table(matched, seed=seed, base=base),
        "weight": "each question counts once; intervals (95 %) draw questions again",
    }


def show(figures: Mapping[str, Any]) -> str:
    lines = []
    for title, told in figures.items():
        if not isinstance(told, dict) or "accuracy" not in told:
            continue
        lines.append(f"{title}: {told['pairs']} pairs of {told['questions']} questions")
        for name, one in {**told["accuracy"], **told["difference"]}.items():
            lines.append(f"  {name:42} {one['value']:+.3f}  ({one['low']:+.3f} to {one['high']:+.3f})")
    return "\n".join(lines)
