"""The corpus divided into train, validation and held out; `division.py` says how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.preparation.corpus import Corpus, Text
from training.preparation.division import Placed, SplitOptions, Union, divide
from training.preparation.near import near_pairs
from training.preparation.quarantine import Entry, Quarantine, Step
from training.preparation.words import NearOptions, digest, normalised
from training.schemas import Split


@dataclass(slots=True)
class SplitReport:
    options: SplitOptions
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # by source and side
    posts: Counter[str] = field(default_factory=Counter)
    authors: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)  # by source
    parts: int = 0
    largest: int = 0
    cut: int = 0
    near_posts: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "wanted": {str(side): round(share, 4) for side, share in self.options.shares.items()},
            "rows": self.rows,
            "posts": dict(self.posts),
            "authors": dict(self.authors),
            "lost": dict(sorted(self.lost.items())),
            "parts": self.parts,
            "largest_part_rows": self.largest,
            "parts_cut": self.cut,
            "near_repeats_of_posts": self.near_posts,
        }


def split(
    corpus: Corpus, options: SplitOptions, quarantine: Quarantine, *, seed: int
) -> tuple[dict[Split, Corpus], SplitReport]:
    """Three corpora, so that nothing built from one can hold a text of another."""
    report = SplitReport(options)
    texts = corpus.texts()
    posts = _same_posts(texts, options.near_posts, report)
    division = divide([Placed(one.id, posts[one.place], one.author, one.source) for one in texts], options, seed=seed)
    report.parts, report.largest, report.cut = division.parts, division.largest, division.cut
    crossing = _with_answers(set(division.crossing), texts)
    entries = [
        Entry(one.id, "text", one.source, Step.SPLITS, "its author or post stands on another side", "\n".join(one.own))
        for one in texts
        if one.id in crossing
    ]
    report.lost.update(entry.source for entry in entries)
    sides = {}
    for side in Split:
        others = {one.id for one in texts if one.id in crossing or division.sides.get(one.id) is not side}
        sides[side] = corpus.without(others)
        _count(report, side, [one for one in texts if one.id not in others])
    kept = sum(len(one.texts()) for one in sides.values())
    quarantine.account(Step.SPLITS, "text", came=len(texts), kept=kept, entries=entries)
    return sides, report


def _same_posts(texts: Iterable[Text], near: NearOptions, report: SplitReport) -> dict[str, str]:
    """One name for all places whose posts are equal or nearly so."""
    union = Union()
    by_letters: dict[str, str] = {}
    for one in texts:
        union.join(one.place, one.place)
        for text in {one.post, one.draft} - {""}:
            union.join(one.place, by_letters.setdefault(digest(normalised(text) or text), one.place))
    asked = sorted({(text, one.place) for one in texts for text in (one.post, one.draft) if text})
    firsts: dict[str, str] = {}
    for text, place in asked:
        firsts.setdefault(text, place)
    told = list(firsts)
    for earlier, later in near_pairs(told, threshold=near.threshold, shingle=near.shingle):
        if union.root(firsts[told[earlier]]) != union.root(firsts[told[later]]):
            report.near_posts += 1
            union.join(firsts[told[earlier]], firsts[told[later]])
    return {one.place: str(union.root(one.place)) for one in texts}


def _with_answers(crossing: set[str], texts: Iterable[Text]) -> set[str]:
    """Where a post goes, because of its writer, all that is below it goes too."""
    gone = {one.place for one in texts if one.is_post and one.id in crossing}
    return crossing | {one.id for one in texts if one.place in gone}


def _count(report: SplitReport, side: Split, texts: Sequence[Text]) -> None:
    for one in texts:
        report.rows.setdefault(one.source, dict.fromkeys(map(str, Split), 0))[str(side)] += 1
    report.posts[str(side)] = len({one.place for one in texts})
    report.authors[str(side)] = len({one.author for one in texts if one.author})
