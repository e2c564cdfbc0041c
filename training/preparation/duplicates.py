"""One of each: repeated posts are merged, repeated answers are set aside.

Which one stays depends on the texts alone, not on the order they came in: of posts the one with most answers, of answers
the one with most votes, then the smaller id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from training.preparation.corpus import Corpus, Text
from training.preparation.near import near_pairs
from training.preparation.quarantine import Entry, Quarantine, Step
from training.preparation.words import NearOptions, digest, normalised
from training.schemas import Example, Pair

AnyRow = TypeVar("AnyRow", Example, Pair)


@dataclass(slots=True)
class DuplicateReport:
    options: NearOptions
    exact: Counter[str] = field(default_factory=Counter)  # by "source, post" or "source, answer"
    near: Counter[str] = field(default_factory=Counter)
    between: Counter[str] = field(default_factory=Counter)  # by the two sources

    def as_dict(self) -> dict[str, Any]:
        return {
            "threshold": self.options.threshold,
            "shingle_words": self.options.shingle,
            "exact": dict(sorted(self.exact.items())),
            "near": dict(sorted(self.near.items())),
            "between_sources": dict(sorted(self.between.items())),
        }


def remove_duplicates(corpus: Corpus, options: NearOptions, quarantine: Quarantine) -> tuple[Corpus, DuplicateReport]:
    report = DuplicateReport(options)
    came = corpus.texts()
    merged = _repeated_posts(came, options, report)
    corpus = corpus.merged({gone: stays for gone, (stays, _) in merged.items()})
    entries = [_entry(one, merged[one.id][1] + "; its answers moved") for one in came if one.id in merged]
    left = corpus.texts()
    repeats = _repeats([one for one in left if not one.is_post], _answer_order, _answer_key, options, report, "answer")
    entries += [_entry(one, repeats[one.id][1]) for one in left if one.id in repeats]
    kept = corpus.without(repeats)
    quarantine.account(Step.DUPLICATES, "text", came=len(came), kept=len(kept.texts()), entries=entries)
    return kept, report


def _repeated_posts(texts: Sequence[Text], options: NearOptions, report: DuplicateReport) -> dict[str, tuple[str, str]]:
    answers = Counter(one.place for one in texts if not one.is_post)
    posts = [one for one in texts if one.is_post]
    return _repeats(posts, lambda one: (-answers[one.place], one.id), lambda one: one.post, options, report, "post")


def _answer_order(one: Text) -> tuple[int, str]:
    return -one.votes, one.id


def _answer_key(one: Text) -> str:
    """Of a rewrite, both sides: one text may be rewritten in several ways."""
    return f"{one.draft}\n{one.answer}" if one.draft else one.answer


def _repeats(
    texts: Sequence[Text],
    order: Callable[[Text], tuple[int, str]],
    key: Callable[[Text], str],
    options: NearOptions,
    report: DuplicateReport,
    what: str,
) -> dict[str, tuple[str, str]]:
    """Of each text that goes, the id of the one that stays and the reason."""
    ranked = sorted(texts, key=order)
    gone: dict[str, tuple[str, str]] = {}
    first: dict[str, Text] = {}
    for one in ranked:
        letters = digest(normalised(key(one)) or key(one))
        stays = first.setdefault(letters, one)
        if stays is not one:
            gone[one.id] = (stays.id, f"repeats another {what}")
            report.exact[f"{one.source}, {what}"] += 1
            report.between[_between(stays, one)] += 1
    left = [one for one in ranked if one.id not in gone]
    for earlier, later in sorted(
        near_pairs([key(one) for one in left], threshold=options.threshold, shingle=options.shingle),
        key=lambda pair: (pair[1], pair[0]),
    ):
        stays, one = left[earlier], left[later]
        if stays.id not in gone and one.id not in gone:
            gone[one.id] = (stays.id, f"nearly repeats another {what}")
            report.near[f"{one.source}, {what}"] += 1
            report.between[_between(stays, one)] += 1
    # The one that stays may itself have gone since, to a third that it nearly repeats.
    return {id: (_last(stays, gone), reason) for id, (stays, reason) in gone.items()}


def _last(id: str, gone: dict[str, tuple[str, str]]) -> str:
    while id in gone:
        id = gone[id][0]
    return id


def _between(stays: Text, goes: Text) -> str:
    return " and ".join(sorted((stays.source, goes.source)))


def _entry(one: Text, reason: str) -> Entry:
    return Entry(one.id, "text", one.source, Step.DUPLICATES, reason, "\n".join(one.own))


def once(rows: Iterable[AnyRow], quarantine: Quarantine, what: str) -> list[AnyRow]:
    """Built rows that ask and answer the same are one row; which stays is said by their ids."""
    came = sorted(rows, key=lambda one: one.id)
    first: dict[str, AnyRow] = {}
    entries = []
    for one in came:
        if first.setdefault(_asked_and_answered(one), one) is not one:
            entries.append(Entry(one.id, what, one.origin.source, Step.DUPLICATES, f"repeats another {what}"))
    kept = list(first.values())
    quarantine.account(Step.DUPLICATES, what, came=len(came), kept=len(kept), entries=entries)
    return kept


def _asked_and_answered(row: Example | Pair) -> str:
    answers = (row.answer, row.topic) if isinstance(row, Example) else (row.chosen, row.rejected)
    parts = (row.task, row.post, row.draft, *answers, *row.goals, "\0", *row.keep)
    return digest("\0".join(normalised(part) or part for part in parts))
