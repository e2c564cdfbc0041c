"""How much of a community's votes the words of the answers tell: worth knowing before hours of DPO.

python -m training.learnable counsel-chat --data FOLDER

A linear model over words learns from the pairs of four fifths of the posts and judges those of the rest, five times over.
Where it does no better than "longer is better", DPO on the same votes has little to find that is about the answers.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from training.licences import Use
from training.pairs import PairOptions, community_votes
from training.schemas import Pair, Thread
from training.sources import SOURCES, read
from training.stages.accuracy import Floats, Scored, report, show

MODEL = "words"
FOLDS = 5
STRENGTH = 0.1  # C of the logistic regression; 1 and 10 did no better on counsel-chat
ALL = 10**9
EVERY_PAIR = PairOptions(
    least_votes=1, least_gap=1, least_ratio=1.0, least_words=1, most_words=ALL, most_post_words=ALL, most_length_ratio=ALL,
    longer_chosen=(0.0, 1.0), most_head_start=None, most_answers=ALL, most_per_post=ALL, most_per_answer=ALL,
    most_per_author=ALL,
)  # fmt: skip


class TooFewPosts(ValueError):
    """There is less than one post with a pair for each fold."""


def measure(pairs: Sequence[Pair], *, seed: int = 1) -> dict[str, Any]:
    """Of held-out posts, in the form of `accuracy.report`. Raises TooFewPosts."""
    groups = [pair.group for pair in pairs]
    posts = Counter(groups)
    if len(posts) < FOLDS:
        raise TooFewPosts(f"{len(posts)} posts have answers with different votes: {FOLDS} are the least.")
    # A famous post with a hundred pairs is no hundred observations.
    weights = np.array([1 / math.sqrt(posts[group]) for group in groups])
    judged = np.zeros((len(pairs), 2))
    for known, new in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(groups, groups=groups):
        judged[new] = _fitted([pairs[at] for at in known], weights[known], [pairs[at] for at in new])
    return report(
        [
            Scored(
                pair.id,
                pair.group,
                (len(pair.chosen.split()), len(pair.rejected.split())),
                {MODEL: ((chosen, 1), (rejected, 1))},
            )
            for pair, (chosen, rejected) in zip(pairs, judged.tolist(), strict=True)
        ],
        seed=seed,
        base=MODEL,
    )


def _fitted(known: Sequence[Pair], weights: Floats, new: Sequence[Pair]) -> Floats:
    """What the model of the known pairs gives chosen and rejected of the new ones."""
    words = TfidfVectorizer(min_df=2, sublinear_tf=True)
    words.fit([text for pair in known for text in (pair.chosen, pair.rejected)])
    chosen, rejected = ([getattr(pair, side) for pair in known] for side in ("chosen", "rejected"))
    difference = words.transform(chosen) - words.transform(rejected)
    turned = np.where(np.arange(len(known)) % 2, 1.0, -1.0)  # both classes are needed, and no side is the first
    model = LogisticRegression(C=STRENGTH, fit_intercept=False, max_iter=500)
    model.fit(difference.multiply(turned[:, None]).tocsr(), turned > 0, sample_weight=weights)
    sides = [
        model.decision_function(words.transform([getattr(pair, s) for pair in new])) for s in ("chosen", "rejected")
    ]
    judged: Floats = np.stack(sides, axis=1)
    return judged


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.learnable", description=__doc__)
    parser.add_argument("source", choices=sorted(name for name, one in SOURCES.items() if one.gives is Thread))
    parser.add_argument("--data", type=Path, required=True, help="the folder with the sets")
    parser.add_argument("--licence", default="", help="of a source that has none of its own")
    given = parser.parse_args(arguments)
    path = given.data / SOURCES[given.source].folder
    threads = [
        row for row in read(given.source, path, use=Use.RESEARCH, licence=given.licence) if isinstance(row, Thread)
    ]
    pairs, _ = community_votes(threads, EVERY_PAIR)
    print(show(measure(pairs)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
