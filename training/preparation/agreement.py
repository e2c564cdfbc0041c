"""How far the quality scores agree with what people said. Measures only; nothing here is learned from.

claff-offmychest: AUC of the two classifiers on posts that they did not see. epitome-reddit: each score against the level
(0 to 2) of each way to show empathy, as Spearman's rho and as AUC of "there at all". pair-reflections: how often the
score puts the better reflection first. Intervals: 95 %, bootstrap over posts or prompts, since texts of one hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.licences import Use
from training.preparation.quality import LABELS, Scorer, score
from training.preparation.words import fraction
from training.sources import LabelledText, read

DRAWS = 1000
HELD_OUT = 0.2  # of claff's posts
MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
SCORES = ("emotional", "informational", "question", "second_person", "overlap", "words", "reading_level", "quality")

Vector = NDArray[np.float64]
Figure = Callable[[Vector, Vector], float]


@dataclass(frozen=True, slots=True)
class Agreement:
    set: str
    score: str
    label: str
    measure: str
    value: float
    low: float
    high: float
    texts: int
    groups: int

    def line(self) -> str:
        return (
            f"| {self.set} | {self.score} | {self.label} | {self.measure} | {self.value:.3f} |"
            f" {self.low:.3f} to {self.high:.3f} | {self.texts:,} in {self.groups:,} |"
        )


HEAD = "| set | score | human label | measure | value | 95 % interval | texts in posts |\n|---|---|---|---|---|---|---|"


def measure(data: Path, *, seed: int, draws: int = DRAWS) -> tuple[Scorer, list[Agreement]]:
    """The scorer fitted on all of claff, and how a scorer fitted on four fifths of it did elsewhere."""
    claff = labelled(data, "claff-offmychest")
    held_out = [row for row in claff if fraction(f"{seed}/{row.group}") < HELD_OUT]
    seen = [row for row in claff if fraction(f"{seed}/{row.group}") >= HELD_OUT]
    scorer = Scorer.fit(seen)
    found = list(_on_claff(held_out, scorer, seed, draws))
    if (data / "epitome-reddit").is_dir():
        found += _on_epitome(labelled(data, "epitome-reddit"), scorer, seed, draws)
    if (data / "pair-reflections").is_dir():
        found += _on_pairs(labelled(data, "pair-reflections"), scorer, seed, draws)
    return Scorer.fit(claff), found


def labelled(data: Path, name: str) -> list[LabelledText]:
    """Read for research: to measure is no use of a text that a model would carry away."""
    return [row for row in read(name, data / name, use=Use.RESEARCH) if isinstance(row, LabelledText)]


def as_dicts(found: Iterable[Agreement]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def _on_claff(rows: Sequence[LabelledText], scorer: Scorer, seed: int, draws: int) -> Iterable[Agreement]:
    told = scorer.of_sentences([row.text for row in rows])
    for column, (name, label) in enumerate(LABELS.items()):
        given = np.array([row.labels.get(label, 0.0) >= 0.5 for row in rows], dtype=float)
        yield _agreement(
            "claff-offmychest, held out", name, label, "AUC", auc, told[:, column], given, rows, seed, draws
        )


def _on_epitome(rows: Sequence[LabelledText], scorer: Scorer, seed: int, draws: int) -> Iterable[Agreement]:
    scores = [score(row.text, row.context, scorer) for row in rows]
    for mechanism in MECHANISMS:
        levels = np.array([row.labels[mechanism] for row in rows], dtype=float)
        for name in SCORES:
            told = np.array([one[name] for one in scores], dtype=float)
            yield _agreement("epitome-reddit", name, mechanism, "Spearman", spearman, told, levels, rows, seed, draws)
            there = (levels > 0).astype(float)
            yield _agreement("epitome-reddit", name, mechanism, "AUC", auc, told, there, rows, seed, draws)


def _on_pairs(rows: Sequence[LabelledText], scorer: Scorer, seed: int, draws: int) -> Iterable[Agreement]:
    scores = [score(row.text, row.context, scorer) for row in rows]
    for name in SCORES:
        for label, better, worse in (("high over medium", 3, 2), ("medium over low", 2, 1), ("high over low", 3, 1)):
            wins, groups = _wins(rows, [one[name] for one in scores], better, worse)
            yield _resampled("pair-reflections", name, label, "rank accuracy", _share, wins, wins, groups, seed, draws)


def _wins(rows: Sequence[LabelledText], scores: Sequence[float], better: int, worse: int) -> tuple[Vector, list[str]]:
    """1 for each two reflections on a prompt in the right order, half for a tie."""
    prompts: dict[str, list[tuple[float, float]]] = {}
    for row, told in zip(rows, scores, strict=True):
        prompts.setdefault(row.group, []).append((row.labels["quality"], told))
    wins: list[float] = []
    groups: list[str] = []
    for group, found in prompts.items():
        for quality, high in found:
            for other, low in found:
                if quality == better and other == worse:
                    wins.append(float(high > low) + 0.5 * float(high == low))
                    groups.append(group)
    return np.array(wins), groups


def auc(told: Vector, given: Vector) -> float:
    """Of two texts, one with the label and one without, how often the one with it has the higher score."""
    positive = given > 0
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return float("nan")
    ranks = stats.rankdata(told)
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def spearman(told: Vector, given: Vector) -> float:
    one, other = stats.rankdata(told), stats.rankdata(given)
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _share(wins: Vector, _same: Vector) -> float:
    return float(wins.mean()) if len(wins) else float("nan")


def _agreement(
    name: str,
    score_name: str,
    label: str,
    measure_name: str,
    figure: Figure,
    told: Vector,
    given: Vector,
    rows: Sequence[LabelledText],
    seed: int,
    draws: int,
) -> Agreement:
    groups = [row.group for row in rows]
    return _resampled(name, score_name, label, measure_name, figure, told, given, groups, seed, draws)


def _resampled(
    name: str,
    score_name: str,
    label: str,
    measure_name: str,
    figure: Figure,
    told: Vector,
    given: Vector,
    groups: Sequence[str],
    seed: int,
    draws: int,
) -> Agreement:
    """Whole posts are drawn again, not single texts."""
    places: dict[str, list[int]] = {}
    for at, group in enumerate(groups):
        places.setdefault(group, []).append(at)
    members = [np.array(one) for one in places.values()]
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws if members else 0):
        picked = np.concatenate([members[at] for at in chance.integers(len(members), size=len(members))])
        drawn.append(figure(told[picked], given[picked]))
    sound = [one for one in drawn if one == one]
    low, high = (float(one) for one in np.quantile(sound, (0.025, 0.975))) if sound else (float("nan"),) * 2
    value = figure(told, given) if len(told) else float("nan")
    return Agreement(name, score_name, label, measure_name, value, low, high, len(told), len(members))
