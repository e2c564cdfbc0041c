"""Train, validation and held out, divided by post and by author.

No post (or near-repeat of one) and no author stands on two sides. Where posts and authors hang together only in small
parts, each part goes to a side by its hash and nothing is lost. Where most of a set hangs together, because a few people
answer very many posts, that part is cut: authors choose their sides first, those with most rows first, each where it
shares most posts and room is left (the streaming partition of Stanton and Kliot, 2012); then each post goes to the side
that most of its authors are on, the smaller sides counting double; then the rows that would cross go, and are reported.
Hashing posts alone would lose far more: the few people with very many rows stand under some held-out post for sure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from training.preparation.words import NearOptions, digest, fraction, normalised
from training.schemas import Example, Pair, Split

SMALL_SIDES_COUNT = 2.1  # a held-out post is kept where at least a third of its rows can stay


FEWEST_TO_CUT = 20  # rows; a small sample is divided unevenly rather than cut to pieces


@dataclass(frozen=True, slots=True)
class SplitOptions:
    held_out: float = 0.20
    validation: float = 0.05
    largest_part: float = 0.10  # of a source's rows: a part that hangs together and holds more of them is cut
    near_posts: NearOptions = field(
        default_factory=lambda: NearOptions(0.5, 3)
    )  # wide: joining too many posts costs nothing

    def __post_init__(self) -> None:
        if self.held_out < 0 or self.validation < 0 or self.held_out + self.validation > 0.6:
            raise ValueError(
                f"held_out={self.held_out}, validation={self.validation}: together 0 to 0.6, or too little is learned from."
            )
        if not 0 < self.largest_part <= 1:
            raise ValueError(f"largest_part={self.largest_part}: wanted above 0, up to 1.")

    @property
    def shares(self) -> dict[Split, float]:
        return {
            Split.TRAIN: 1 - self.held_out - self.validation,
            Split.VALIDATION: self.validation,
            Split.HELD_OUT: self.held_out,
        }


@dataclass(frozen=True, slots=True)
class Placed:
    """A row as the division sees it."""

    id: str
    post: str  # rows of one post, or of its near-repeats, share it
    author: str = ""  # empty: not known, and counted as nobody else's
    source: str = ""


@dataclass(slots=True)
class Division:
    sides: dict[str, Split] = field(default_factory=dict)  # by row, of those that stay
    crossing: list[str] = field(default_factory=list)  # rows that would stand on two sides
    parts: int = 0  # that hang together
    largest: int = 0  # rows of the largest
    cut: int = 0  # parts that were cut


def divide(rows: Sequence[Placed], options: SplitOptions, *, seed: int) -> Division:
    """The same for the same rows, whatever their order, and the same seed."""
    division = Division()
    ordered = sorted(rows, key=lambda one: one.id)
    parts = _parts_of(ordered)
    division.parts, division.largest = len(parts), max(map(len, parts), default=0)
    whole = Counter(one.source for one in ordered)
    for part in parts:
        if _is_large(part, whole, options.largest_part):
            division.cut += 1
            _cut(part, options.shares, seed, division)
        else:
            side = _drawn(f"{seed}/part/{min(one.post for one in part)}", options.shares)
            division.sides |= dict.fromkeys((one.id for one in part), side)
    return division


def _is_large(part: Sequence[Placed], whole: Counter[str], largest: float) -> bool:
    """Whether the side that took it would have too much of some source. One post alone cannot be cut."""
    here = Counter(one.source for one in part)
    return len({one.post for one in part}) > 1 and any(
        count > max(largest * whole[source], FEWEST_TO_CUT) for source, count in here.items()
    )


def _parts_of(rows: Sequence[Placed]) -> list[list[Placed]]:
    """Rows that a post or an author joins, directly or by way of others."""
    union = Union()
    for one in rows:
        union.join(("post", one.post), ("author", one.author) if one.author else ("post", one.post))
    parts: dict[Hashable, list[Placed]] = {}
    for one in rows:
        parts.setdefault(union.root(("post", one.post)), []).append(one)
    return list(parts.values())


def _cut(part: Sequence[Placed], shares: Mapping[Split, float], seed: int, division: Division) -> None:
    below: dict[str, Counter[str]] = defaultdict(Counter)  # rows of an author, by post
    for one in part:
        if one.author:
            below[one.author][one.post] += 1
    authors = _sides_of_authors(below, shares, seed)
    counts: dict[str, Counter[Split]] = defaultdict(Counter)
    for author, posts in below.items():
        for post, count in posts.items():
            counts[post][authors[author]] += count
    posts_sides = {
        post: _side_of_post(counts[post], shares, f"{seed}/post/{post}") for post in sorted({one.post for one in part})
    }
    for one in part:
        side = posts_sides[one.post]
        if one.author and authors[one.author] is not side:
            division.crossing.append(one.id)
        else:
            division.sides[one.id] = side


def _sides_of_authors(below: Mapping[str, Counter[str]], shares: Mapping[Split, float], seed: int) -> dict[str, Split]:
    sizes = {author: posts.total() for author, posts in below.items()}
    whole = sum(sizes.values())
    taken: Counter[Split] = Counter()
    here: dict[str, Counter[Split]] = defaultdict(Counter)  # rows under a post, by side so far
    sides: dict[str, Split] = {}
    for author in sorted(sizes, key=lambda one: (-sizes[one], fraction(f"{seed}/author/{one}"), one)):

        def fits(side: Split, author: str = author) -> tuple[float, float]:
            shared = sum(here[post][side] for post in below[author])
            room = 1 - (taken[side] + sizes[author]) / (shares[side] * whole) if shares[side] else float("-inf")
            return (shared + 1) * room if room > 0 else room, fraction(f"{seed}/{side}/{author}")

        side = max(shares, key=fits)
        sides[author] = side
        taken[side] += sizes[author]
        for post, count in below[author].items():
            here[post][side] += count
    return sides


def _side_of_post(counts: Counter[Split], shares: Mapping[Split, float], key: str) -> Split:
    if not counts:
        return _drawn(key, shares)

    def weight(side: Split) -> tuple[float, float]:
        return counts[side] * (1.0 if side is Split.TRAIN else SMALL_SIDES_COUNT), fraction(f"{key}/{side}")

    return max((side for side in shares if counts[side]), key=weight)


def _drawn(key: str, shares: Mapping[Split, float]) -> Split:
    at = fraction(key)
    for side in (Split.HELD_OUT, Split.VALIDATION):
        if at < shares[side]:
            return side
        at -= shares[side]
    return Split.TRAIN


class Union:
    """Which things belong together (union-find). The root is the smallest, so that order makes no difference."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, one: Hashable) -> Hashable:
        top = one
        while (above := self._above.setdefault(top, top)) != top:
            top = above
        while self._above[one] != top:
            self._above[one], one = top, self._above[one]
        return top

    def join(self, one: Hashable, other: Hashable) -> None:
        low, high = sorted((self.root(one), self.root(other)), key=repr)
        self._above[high] = low


def on_both_sides(examples: Iterable[Example], pairs: Iterable[Pair]) -> list[str]:
    """What stands on two sides all the same, as "kind: how many". Empty, or the division has a defect."""
    sides: dict[tuple[str, str], set[Split]] = defaultdict(set)
    for example in examples:
        for key in _keys(example.group, example.post, example.author):
            sides[key].add(example.split)
    for pair in pairs:
        for key in _keys(pair.group, pair.post, pair.author_chosen, pair.author_rejected):
            sides[key].add(pair.split)
    crossing = Counter(kind for (kind, _), found in sides.items() if len(found) > 1)
    return [f"{kind}: {count}" for kind, count in sorted(crossing.items())]


def _keys(group: str, post: str, *authors: str) -> list[tuple[str, str]]:
    keys = [("post", group), *(("author", author) for author in authors if author)]
    return [*keys, ("post text", digest(normalised(post)))] if post else keys
