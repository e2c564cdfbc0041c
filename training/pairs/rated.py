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
    "preferred": Objective.EMPATHY,
}


def human_ratings(rated: Iterable[LabelledText], options: PairOptions) -> tuple[list[Pair], PairReport]:
    """Two rated answers to one post. The dimension that they differ most in is the objective; the safer is never rejected.

    Where it is known who said what, a pair's strength is the gap times the agreement of those who rated both, and pairs that
    they do not agree on are left out.
    """
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
    agreed = _agreement(better, worse, shared, options)
    check_texts(better.context, better.text, worse.text, options)
    widest = max(shared, key=lambda name: better.labels[name] - worse.labels[name])
    improved = better.draft != "" and better.draft == worse.draft
    pair = Pair(
        id=f"{better.id}/{worse.id}",
        task=Task.IMPROVE if improved else Task.GENERATE,
        chosen=better.text,
        rejected=worse.text,
        source=PairSource.HUMAN_RATING,
        objective=RATED[widest],
        origin=better.origin,
        group=better.group,
        post=better.context,
        draft=better.draft if improved else "",
        score_chosen=max(means),
        score_rejected=min(means),
        author_chosen=better.author,
        author_rejected=worse.author,
    )
    return Candidate(pair, gap * agreed, (better.id, worse.id))


def _agreement(better: LabelledText, worse: LabelledText, shared: list[str], options: PairOptions) -> float:
    """The share of those who rated both that put them in this order by the mean of what they rated; equal means count half.

    1 where nobody's own ratings are known. Raises Drop.
    """
    if not better.ratings and not worse.ratings:
        return 1.0
    votes = [
        _vote(better.ratings[rater], worse.ratings[rater], shared)
        for rater in sorted(better.ratings.keys() & worse.ratings.keys())
    ]
    known = [vote for vote in votes if vote is not None]
    if len(known) < options.least_raters:
        raise Drop("too few rated both")
    agreed = sum(known) / len(known)
    if agreed < options.least_agreement:
        raise Drop("raters do not agree")
    return agreed


def _vote(better: dict[str, float], worse: dict[str, float], shared: list[str]) -> float | None:
    named = [name for name in shared if name in better and name in worse]
    if not named:
        return None
    gap = sum(better[name] - worse[name] for name in named)
    return 0.5 if gap == 0 else float(gap > 0)
