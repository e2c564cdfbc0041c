"""Which of the possible pairs are kept: no post, answer or author too often, and the longer chosen in about half."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from training.pairs.options import PairOptions, PairReport
from training.schemas import Pair


@dataclass(frozen=True, slots=True)
class Candidate:
    pair: Pair
    strength: float  # of two pairs of one post, the stronger is kept
    answers: tuple[str, str] = ("", "")  # ids; empty: not answers that could come up again
    earlier: bool | None = None  # the chosen came before the rejected

    @property
    def direction(self) -> int:
        """1 where the chosen is the longer, -1 where it is the shorter."""
        chosen, rejected = words(self.pair.chosen), words(self.pair.rejected)
        return (chosen > rejected) - (chosen < rejected)

    @property
    def stretch(self) -> float:
        return stretch_of(self.pair.chosen, self.pair.rejected)


class Drop(Exception):
    """Why two answers make no pair."""


def check_texts(post: str, chosen: str, rejected: str, options: PairOptions, *, alike: float | None = None) -> None:
    lengths = sorted((words(chosen), words(rejected)))
    if words(post) > options.most_post_words:
        raise Drop("too long a post")
    if lengths[0] < options.least_words:
        raise Drop("too short")
    if lengths[1] > options.most_words:
        raise Drop("too long")
    if stretch_of(chosen, rejected) > options.most_length_ratio:
        raise Drop("too different in length")
    most_alike = 100 * (options.most_alike if alike is None else alike)
    if chosen.strip() == rejected.strip() or fuzz.ratio(chosen, rejected, score_cutoff=most_alike) > most_alike:
        raise Drop("the same text")


def choose(
    candidates: list[Candidate], options: PairOptions, report: PairReport, *, balanced: bool = True
) -> tuple[list[Pair], PairReport]:
    draw = draw_by(options.seed)
    candidates.sort(key=lambda one: draw(one.pair.id))
    report.longer_chosen_before = _share_longer(candidates)
    kept = _cap_authors(_cap_posts(candidates, options, report, draw), options, report)
    if balanced:
        kept = _balance(kept, options, report)
    kept.sort(key=lambda one: one.pair.id)
    _describe(kept, report)
    return [one.pair for one in kept], report


def draw_by(seed: int) -> Callable[[str], bytes]:
    """An order that is the same for one seed and has nothing to do with the content."""
    return lambda id: hashlib.blake2b(f"{seed}/{id}".encode("utf-8", "replace"), digest_size=8).digest()


def _cap_posts(
    candidates: Sequence[Candidate], options: PairOptions, report: PairReport, draw: Callable[[str], bytes]
) -> list[Candidate]:
    """Of each post the strongest, by turns one whose chosen is the longer and one whose chosen is the shorter."""
    posts: dict[str, list[Candidate]] = {}
    for one in candidates:
        posts.setdefault(one.pair.group, []).append(one)
    rarer = -1 if _share_longer(candidates) > 0.5 else 1
    kept: list[Candidate] = []
    for group in sorted(posts, key=draw):
        used: Counter[str] = Counter()
        taken: list[Candidate] = []
        for one in _by_turns(posts[group], rarer):
            if len(taken) == options.most_per_post:
                report.dropped["enough of its post"] += 1
            elif any(used[answer] >= options.most_per_answer for answer in one.answers if answer):
                report.dropped["enough of its answer"] += 1
            else:
                used.update(one.answers)
                taken.append(one)
        kept += taken
    return kept


def _by_turns(candidates: Sequence[Candidate], rarer: int) -> Iterator[Candidate]:
    strongest = sorted(candidates, key=lambda one: -one.strength)  # stable: equals stay as drawn
    first = [one for one in strongest if one.direction in (rarer, 0)]
    second = [one for one in strongest if one.direction == -rarer]
    while first or second:
        yield from first[:1]
        yield from second[:1]
        del first[:1], second[:1]


def _cap_authors(candidates: Iterable[Candidate], options: PairOptions, report: PairReport) -> list[Candidate]:
    used: Counter[str] = Counter()
    kept = []
    for one in candidates:
        authors = {one.pair.author_chosen, one.pair.author_rejected} - {""}
        if any(used[author] >= options.most_per_author for author in authors):
            report.dropped["enough of its author"] += 1
        else:
            used.update(authors)
            kept.append(one)
    return kept


def _balance(candidates: list[Candidate], options: PairOptions, report: PairReport) -> list[Candidate]:
    """Drops pairs of the more frequent direction, those that differ most in length first, until the share is in bounds."""
    low, high = options.longer_chosen
    longer = sum(one.direction > 0 for one in candidates)
    shorter = sum(one.direction < 0 for one in candidates)
    equal, much = len(candidates) - longer - shorter, 1 if longer > shorter else -1
    most, least = max(longer, shorter), min(longer, shorter)
    bound = high if much > 0 else 1 - low
    gone = 0
    while most - gone - least > 1 and (most - gone + equal / 2) / (len(candidates) - gone) > bound:
        gone += 1
    widest = sorted((one for one in candidates if one.direction == much), key=lambda one: -one.stretch)[:gone]
    report.dropped.update({"balance of lengths": gone} if gone else {})
    left_out = {one.pair.id for one in widest}
    return [one for one in candidates if one.pair.id not in left_out]


def _describe(kept: Sequence[Candidate], report: PairReport) -> None:
    report.kept = len(kept)
    report.longer_chosen = _share_longer(kept)
    ratios = [words(one.pair.chosen) / max(1, words(one.pair.rejected)) for one in kept]
    report.length_ratio = sum(ratios) / len(ratios) if ratios else 0.0
    timed = [one.earlier for one in kept if one.earlier is not None]
    report.earlier_chosen = sum(timed) / len(timed) if timed else None
    report.posts = len({one.pair.group for one in kept})
    report.objectives = Counter(str(one.pair.objective) for one in kept)


def _share_longer(candidates: Sequence[Candidate]) -> float:
    return sum((one.direction + 1) / 2 for one in candidates) / len(candidates) if candidates else 0.0


def stretch_of(chosen: str, rejected: str) -> float:
    shorter, longer = sorted((words(chosen), words(rejected)))
    return longer / max(1, shorter)


def words(text: str) -> int:
    return len(text.split())
