"""Two answers to one prompt, of which people preferred one.

A vote is also cast for what came first, for what is long, and for who is known. So pairs are made within one post only; the
longer answer is the chosen one in about half of them; an answer that came much earlier is not set against a later one; and
no post and no author gives more than a few. What was left out, and why, stands in the report of each kind of pair.
"""

from __future__ import annotations

from training.pairs.feedback import supporter_feedback
from training.pairs.moderated import moderator_decisions
from training.pairs.options import PairError, PairOptions, PairReport
from training.pairs.rated import human_ratings
from training.pairs.votes import community_votes

__all__ = [
    "PairError",
    "PairOptions",
    "PairReport",
    "community_votes",
    "human_ratings",
    "moderator_decisions",
    "supporter_feedback",
]
