"""Two replies side by side: how often an arm is preferred, and one strength for each arm (Bradley and Terry)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csgraph

from evaluation.stats import CONFIDENCE, Estimate
from evaluation.studies.stored import Choice

FEWEST_ITEMS = 10
FEWEST_RATERS = 2
DRAWS = 1000
METHOD = "bootstrap by rater and item"
_STEPS, _CLOSE = 10_000, 1e-10


@dataclass(frozen=True, slots=True)
class Share:
    """How often `arm` was preferred to `against`, "neither" counted as one half."""

    arm: str
    against: str
    wins: float
    share: Estimate
    together: Estimate  # wide enough for all pairs of arms at once (Bonferroni)
    p: float  # of one half


@dataclass(frozen=True, slots=True)
class Preferred:
    n: int
    items: int
    raters: int
    why: str = ""
    shares: tuple[Share, ...] = ()
    strengths: dict[str, Estimate] = field(default_factory=dict)  # log odds against the average arm
    no_strengths: str = ""  # why not

    def between(self, arm: str, against: str) -> Share | None:
        return next((one for one in self.shares if (one.arm, one.against) == (arm, against)), None)


def prefer(choices: Sequence[Choice], arms: Sequence[str], *, seed: int) -> Preferred:
    """Never raises for want of data."""
    items, raters = {one.item for one in choices}, {one.rater for one in choices}
    nothing = Preferred(len(choices), len(items), len(raters))
    if len(items) < FEWEST_ITEMS or len(raters) < FEWEST_RATERS:
        needs = f"{FEWEST_ITEMS} items and {FEWEST_RATERS} raters are needed."
        return replace(nothing, why=f"Not enough: {len(raters)} raters chose among {len(items)} items; {needs}")
    there = [arm for arm in arms if any(arm in (one.first, one.second) for one in choices)]
    draws = _draws(choices, there, seed)
    once = wins_of(choices, there)
    strengths, why = _strengths(once, draws, there, len(choices))
    pairs = [(i, j) for i, j in itertools.permutations(range(len(there)), 2) if once[i, j] + once[j, i] > 0]
    return replace(
        nothing,
        shares=tuple(_share(once, draws, there, i, j, comparisons=len(pairs) // 2) for i, j in pairs),
        strengths=strengths,
        no_strengths=why,
    )


def wins_of(choices: Sequence[Choice], arms: Sequence[str]) -> np.ndarray:
    """A table: how often the arm of the row was preferred to that of the column."""
    wins = np.zeros((len(arms), len(arms)))
    for i, j, first, second in _rows(choices, arms):
        wins[i, j] += first
        wins[j, i] += second
    return wins


def _rows(choices: Sequence[Choice], arms: Sequence[str]) -> list[tuple[int, int, float, float]]:
    place = {arm: number for number, arm in enumerate(arms)}
    return [(place[one.first], place[one.second], one.wins, 1 - one.wins) for one in choices]


def _draws(choices: Sequence[Choice], arms: Sequence[str], seed: int) -> np.ndarray:
    """Raters and items are drawn both: a choice counts as often as its rater times its item.

    A. Owen, The Pigeonhole Bootstrap, Annals of Applied Statistics 1 (2007): rather too wide than too short.
    """
    raters = {name: number for number, name in enumerate(dict.fromkeys(one.rater for one in choices))}
    items = {name: number for number, name in enumerate(dict.fromkeys(one.item for one in choices))}
    chance = np.random.default_rng(seed)
    of_raters = chance.multinomial(len(raters), np.full(len(raters), 1 / len(raters)), size=DRAWS)
    of_items = chance.multinomial(len(items), np.full(len(items), 1 / len(items)), size=DRAWS)
    weights = of_raters[:, [raters[one.rater] for one in choices]] * of_items[:, [items[one.item] for one in choices]]
    tables = np.zeros((DRAWS, len(arms), len(arms)))
    for number, (i, j, first, second) in enumerate(_rows(choices, arms)):
        tables[:, i, j] += weights[:, number] * first
        tables[:, j, i] += weights[:, number] * second
    return tables


def _share(once: np.ndarray, draws: np.ndarray, arms: Sequence[str], i: int, j: int, *, comparisons: int) -> Share:
    n = once[i, j] + once[j, i]
    drawn_n = draws[:, i, j] + draws[:, j, i]
    drawn = draws[drawn_n > 0, i, j] / drawn_n[drawn_n > 0]
    value = float(once[i, j] / n)

    def ends(confidence: float) -> Estimate:
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
        return Estimate(value, float(low), float(high), int(n), METHOD)

    # Of the draws, how many lie on the other side of one half; never 0, as none of finitely many can show that.
    side = min((drawn <= 0.5).sum(), (drawn >= 0.5).sum())
    p = min(1.0, 2 * (float(side) + 1) / (len(drawn) + 1))
    return Share(arms[i], arms[j], float(once[i, j]), ends(CONFIDENCE), ends(1 - (1 - CONFIDENCE) / comparisons), p)


def _strengths(once: np.ndarray, draws: np.ndarray, arms: Sequence[str], n: int) -> tuple[dict[str, Estimate], str]:
    value = bradley_terry(once)
    if value is None:
        return {}, "No strengths: some arms were never, or always, preferred to the others, so no scale holds them all."
    found = [one for draw in draws if (one := bradley_terry(draw)) is not None]
    if len(found) < 0.9 * len(draws):
        return {}, "No strengths: too few choices between some of the arms to say how far they can be trusted."
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return {
        arm: Estimate(float(value[i]), float(low[i]), float(high[i]), n, f"Bradley-Terry, {METHOD}")
        for i, arm in enumerate(arms)
    }, ""


def bradley_terry(wins: np.ndarray) -> np.ndarray | None:
    """Log strengths with mean 0, by the maximum of the likelihood: Bradley and Terry, Biometrika 39 (1952).

    Found by the MM algorithm of D. Hunter, Annals of Statistics 32 (2004). None where it has no maximum: where the arms fall
    into two sets, one of which never won against the other (Ford, American Mathematical Monthly 64 (1957)).
    """
    if csgraph.connected_components(wins > 0, directed=True, connection="strong")[0] > 1:
        return None
    played = wins + wins.T
    won = wins.sum(axis=1)
    strengths = np.ones(len(wins))
    for _ in range(_STEPS):
        new = won / (played / (strengths[:, None] + strengths[None, :])).sum(axis=1)
        new /= np.exp(np.log(new).mean())
        moved = float(np.abs(np.log(new / strengths)).max())
        strengths = new
        if moved < _CLOSE:
            break
    logs: np.ndarray = np.log(strengths)
    return logs
