"""What a recipe may ask of pairs, and what it is told about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from training.schemas import PairSource


class PairError(ValueError):
    """Options that cannot be met; names the option, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class PairOptions:
    """What a recipe may set."""

    least_votes: int = 2  # of the chosen answer
    least_gap: int = 2  # in votes
    least_ratio: float = 1.5  # (chosen + 1) / (rejected + 1): 140 votes are no more than 138
    least_rating_gap: float = 1.0  # between the means of two rated answers
    least_raters: int = 2  # who rated both, where it is known who rated
    least_agreement: float = 2 / 3  # of the raters of both, who put them in this order; undecided ones count half
    least_words: int = 8  # of either answer
    most_words: int = 400
    most_post_words: int = 400
    most_length_ratio: float = 2.0  # words of the longer by words of the shorter
    longer_chosen: tuple[float, float] = (0.45, 0.55)  # bounds of the share in which the longer answer is chosen
    most_head_start: int | None = 6 * 3600  # seconds that the chosen may be older than the rejected; None: any
    most_alike: float = 0.9  # similarity, 0 to 1, above which two answers are the same
    most_answers: int = 60  # of one post that are compared at all; of more, as many are drawn
    most_per_post: int = 4
    most_per_answer: int = 2  # pairs that one answer stands in
    most_per_author: int = 30  # pairs that one author stands in, on either side
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = self.longer_chosen
        object.__setattr__(self, "longer_chosen", (low, high))
        if not 0 <= low <= 0.5 <= high <= 1:
            raise PairError(f"longer_chosen={low},{high}: the bounds stand around 0.5, within 0 and 1.")
        if self.most_length_ratio < 1:
            raise PairError(f"most_length_ratio={self.most_length_ratio}: 1 is the least; it means equal lengths.")
        if self.most_per_post < 1 or self.most_per_author < 1 or self.most_per_answer < 1:
            raise PairError("most_per_post, most_per_author, most_per_answer: 1 is the least.")

    @classmethod
    def of(cls, told: dict[str, Any]) -> PairOptions:
        """From a recipe. Raises PairError."""
        if unknown := sorted(set(told) - {one.name for one in fields(cls)}):
            raise PairError(f"{unknown[0]}: no such option. Known: {', '.join(one.name for one in fields(cls))}.")
        return cls(**told)


@dataclass(slots=True)
class PairReport:
    """One for each source of pairs. No texts."""

    source: PairSource
    considered: int = 0  # two answers to one prompt, before any rule
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # by reason; with `kept` they make up `considered`
    longer_chosen: float = 0.0  # share of the kept; equal lengths count half
    longer_chosen_before: float = 0.0  # the same before the balancing: how much votes follow length here
    length_ratio: float = 0.0  # mean of words chosen by words rejected
    earlier_chosen: float | None = None  # share of the pairs whose times are known
    posts: int = 0
    objectives: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        counted = {"dropped": dict(sorted(self.dropped.items())), "objectives": dict(sorted(self.objectives.items()))}
        return asdict(self) | {"source": str(self.source)} | counted

    def __str__(self) -> str:
        earlier = "" if self.earlier_chosen is None else f", the earlier in {self.earlier_chosen:.0%}"
        dropped = "; ".join(f"{reason}: {count:,}" for reason, count in self.dropped.most_common()) or "none"
        return (
            f"{self.source}: {self.kept:,} pairs of {self.considered:,} considered, from {self.posts:,} posts. Chosen is the"
            f" longer in {self.longer_chosen:.0%} (before balancing {self.longer_chosen_before:.0%}){earlier}; words chosen"
            f" by words rejected {self.length_ratio:.2f}. Dropped: {dropped}."
        )
