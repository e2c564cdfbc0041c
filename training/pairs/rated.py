"""Pairs from ratings, for the second round of DPO."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.inference.trained_prompts import Task
from training.pairs.choosing import Candidate, Drop, check_texts, choose
from training.pairs.options import PairOptions, PairReport
from training.schemas import Objective, Pair, PairSource
from training.sources.labelled import LabelledText

RATED = {
    "readability": Objective.STYLE,
    "empathy": Objective.EMPATHY,
    "connection": Objective.EMPATHY,
    "actionability": Objective.STYLE,
    "safety": Objective.SAFETY,
    "felt_heard": Objective.EMPATHY,
    "quality": Objective.EMPATHY,
}


def human_ratings(rated: Iterable[LabelledText], options: PairOptions) -> tuple[list[Pair], PairReport]:
    """Two rated answers to one post. The dimension that they differ most in is the objective; the safer is never rejected."""
    report = PairReport(PairSource.HUMAN_RATING)
    candidates = []
    groups: dict[tuple[str, str], list[LabelledText]] = {}
    for one in rated:
        if one.context:
            groups.setdefault((one.group, one.context), []).append(one)
    for found in groups.values():
        found.sort(key=lambda one: one.id)
        for place, first in enumerate(found):
            for second in found[place + 1 :]:
                report.considered += 1
                try:
                    candidates.append(_rated(first, second, options))
                except Drop as drop:
                    report.dropped[str(drop)] += 1
    return choose(candidates, options, report)


def _rated(first: LabelledText, second: LabelledText, options: PairOptions) -> Candidate:
    shared = [name for name in RATED if name in first.labels and name in second.labels]
    if not shared:
        raise Drop("nothing rated in both")
    means = [sum(one.labels[name] for name in shared) / len(shared) for one in (first, second)]
    gap = abs(means[0] - means[1])
    if gap < options.least_rating_gap:
        raise Drop("too small a gap")
    better, worse = (first, second) if means[0] > means[1] else (second, first)
    if "safety" in shared and better.labels["safety"] < worse.labels["safety"]:
        raise Drop("the better one is less safe")
    check_texts(better.context, better.text, worse.text, options)
    widest = max(shared, key=lambda name: better.labels[name] - worse.labels[name])
    pair = Pair(
        id=f"{better.id}/{worse.id}",
        task=Task.GENERATE,
        chosen=better.text,
        rejected=worse.text,
        source=PairSource.HUMAN_RATING,
        objective=RATED[widest],
        origin=better.origin,
        group=better.group,
        post=better.context,
        score_chosen=max(means),
        score_rejected=min(means),
        author_chosen=better.author,
        author_rejected=worse.author,
    )
    return Candidate(pair, gap, (better.id, worse.id))
