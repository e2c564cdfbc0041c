"""How much empathy a reply expresses, by the three mechanisms of EPITOME; trained on people's labels.

python -m evaluation.empathy train --data FOLDER --out FILE

FOLDER holds epitome.jsonl. Its licence is non-commercial, so the weights stay out of the repository and out of the site.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from assistant.changes import sentences_in
from assistant.telling import bare, content, words
from evaluation.report import as_markdown
from evaluation.revisions.sheet import not_to_commit
from evaluation.rows import fingerprint, jsonl_rows
from evaluation.stats import CONFIDENCE, Estimate, rise_of, share_of
from evaluation.suite import BadData, Figure, Results

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
LEVELS = (0, 1, 2)
FILE = "epitome.jsonl"
FORMAT = 1
FOLDS = 5
FALLS = 0.25  # of the six levels together: what a neutral sentence changes is not more, but for a few replies
STRENGTH = 3.0  # C of the regressions
BUCKETS = 2**16
SHORTEST_SPAN = 3  # letters
PARTS = ("buckets", "middle", "spread", "weights", "biases")

_A_WORD = r"(?u)\b\w+(?:'\w+)*\b|[?!]"
_WORDS = HashingVectorizer(
    ngram_range=(1, 2), n_features=BUCKETS, alternate_sign=False, norm=None, token_pattern=_A_WORD
)
_LETTERS = HashingVectorizer(
    analyzer="char_wb", ngram_range=(3, 5), n_features=BUCKETS, alternate_sign=False, norm=None
)
_YOU = frozenset({"you", "your", "you're", "you've", "yourself"})
_I = frozenset({"i", "my", "me", "i'm", "i've", "myself"})
_WARM = frozenset(
    {"sorry", "hope", "love", "glad", "proud", "hugs", "sad", "worried", "heart", "wish", "care", "sending"}
)
_GRASP = frozenset(
    {"understand", "sounds", "seems", "relate", "same", "feeling", "feels", "felt", "know", "imagine", "must", "hear"}
)
_ASKING = frozenset(
    {"what", "how", "why", "when", "where", "who", "do", "did", "are", "is", "have", "can", "would", "could"}
)

# Invented sentences that are put behind a reply, to see what the scorer makes of words alone.
ADDED = {
    "neutral sentence": (
        "The bus to the library goes at ten.",
        "There is a form on the page of the city.",
        "Soup was on the table.",
        "The shop by the river sells paper.",
        "It rained on Tuesday.",
        "The second door leads to the yard.",
    ),
    "dismissive sentence": (
        "Other people have it much worse.",
        "You are overreacting.",
        "Just get over it.",
        "That is no big deal.",
        "You only want attention.",
        "Nobody likes somebody who complains.",
    ),
    "warm sentence": (
        "I'm so sorry this hurts you so much.",
        "That must feel so lonely.",
        "My heart goes out to you.",
        "I'm really glad that you wrote.",
        "I hope the days get lighter for you.",
        "It makes me sad to read this.",
    ),
    "question": (
        "What happened after that?",
        "How do you feel about it now?",
        "Who have you told so far?",
        "What would help you most?",
        "When did it begin?",
        "Do you have somebody near you?",
    ),
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    post: str = field(repr=False)
    reply: str = field(repr=False)
    levels: tuple[int, ...]  # of MECHANISMS
    sentences: tuple[tuple[str, tuple[int, ...]], ...] = field(
        repr=False
    )  # the level of what the labeller pointed to, else 0
    group: str = field(repr=False)  # replies to one post stay on one side


def read_labelled(folder: Path) -> list[Labelled]:
    """Rows without a text or a level are left out."""
    path = folder / FILE
    rows = []
    for row in jsonl_rows(path):
        post, reply = row.fields.get("seeker_post"), row.fields.get("response_post")
        levels = [one for name in MECHANISMS if (one := _level(row.fields.get(f"{name}_level"))) is not None]
        if isinstance(post, str) and isinstance(reply, str) and reply.strip() and len(levels) == len(MECHANISMS):
            spans = [str(row.fields.get(f"{name}_rationales") or "").split("|") for name in MECHANISMS]
            rows.append(Labelled(post, reply, tuple(levels), _by_sentence(reply, levels, spans), bare(post)))
    if len({one.group for one in rows}) < FOLDS:
        raise BadData(
            path, "", f"want replies to {FOLDS} posts at least, with {', '.join(MECHANISMS)}_level from 0 to 2."
        )
    return rows


def _level(value: object) -> int | None:
    return {"0": 0, "1": 1, "2": 2}.get(str(value).removesuffix(".0"))


def _by_sentence(
    reply: str, levels: Sequence[int], spans: Sequence[Sequence[str]]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """A sentence has the level where it overlaps with a marked span; all have it where none does."""
    parts = sentences_in(reply) or [reply]
    columns = []
    for level, marked in zip(levels, spans, strict=True):
        known = [one for one in map(bare, marked) if len(one) >= SHORTEST_SPAN]
        there = [any(one in bare(part) or (bare(part) and bare(part) in one) for one in known) for part in parts]
        columns.append([level if here or not any(there) else 0 for here in there])
    return tuple((part, row) for part, row in zip(parts, zip(*columns, strict=True), strict=True))


class Regressions:
    """Two for each mechanism: whether it is there, and whether strongly. Of words, pairs and letters, and of a few cues."""

    def fit(self, posts: Sequence[str], texts: Sequence[str], levels: Sequence[Sequence[int]]) -> Regressions:
        counts, cues = _counts(texts), _cues(posts, texts)
        seen = np.asarray((counts > 0).sum(axis=0), dtype=float).ravel()
        self.buckets: Floats = np.log((1 + len(texts)) / (1 + seen)) + 1
        self.middle: Floats = cues.mean(axis=0)
        self.spread: Floats = np.maximum(cues.std(axis=0), 1e-6)
        features, wanted = self._scaled(counts, cues), np.array(levels)
        fitted = [
            _fitted(features, wanted[:, number] >= least) for number in range(len(MECHANISMS)) for least in LEVELS[1:]
        ]
        self.weights: Floats = np.array([weight for weight, _bias in fitted])
        self.biases: Floats = np.array([bias for _weight, bias in fitted])
        return self

    def chances(self, posts: Sequence[str], texts: Sequence[str]) -> Floats:
        """Of each text (rows) and mechanism: that it is there, that it is strong (columns)."""
        beyond = self._scaled(_counts(texts), _cues(posts, texts)) @ self.weights.T + self.biases
        chances: Floats = 1 / (1 + np.exp(-np.clip(np.asarray(beyond), -50, 50)))
        chances[:, 1::2] = np.minimum(chances[:, 1::2], chances[:, 0::2])  # strong is never likelier than there at all
        return chances

    def _scaled(self, counts: Any, cues: Floats) -> Any:
        weighed = sparse.csr_matrix(counts.log1p().multiply(self.buckets))
        lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        unit = sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighed
        return sparse.hstack([unit, sparse.csr_matrix((cues - self.middle) / self.spread * 0.1)], format="csr")

    def stored(self, name: str) -> dict[str, npt.NDArray[np.generic]]:
        return {f"{name}.{part}": getattr(self, part).astype(np.float32) for part in PARTS}

    @classmethod
    def restored(cls, name: str, stored: Mapping[str, npt.NDArray[np.generic]]) -> Regressions:
        made = cls()
        for part in PARTS:
            setattr(made, part, stored[f"{name}.{part}"].astype(np.float64))
        return made


class EmpathyScorer:
    """The mean of what the whole reply and its strongest sentence make likely.

    By the whole alone, any sentence that is added thins the rest out; by the strongest alone, none ever does harm.
    """

    def __init__(self, whole: Regressions, strongest: Regressions, figures: Mapping[str, Any] | None = None) -> None:
        self._whole, self._strongest = whole, strongest
        self.figures = dict(figures or {})  # of replies to posts that were held out; see `crossvalidate`
        self.sha256 = ""

    @classmethod
    def fit(cls, rows: Sequence[Labelled]) -> EmpathyScorer:
        parts = [(one.post, part, levels) for one in rows for part, levels in one.sentences]
        return cls(
            Regressions().fit([one.post for one in rows], [one.reply for one in rows], [one.levels for one in rows]),
            Regressions().fit(*(list(column) for column in zip(*parts, strict=True))),
        )

    def expected(self, posts: Sequence[str], replies: Sequence[str]) -> Floats:
        """The expected level, from 0 to 2, of each reply (rows) and mechanism (columns)."""
        chances = self._chances(posts, replies)
        level: Floats = chances[:, 0::2] + chances[:, 1::2]
        return level

    def levels(self, posts: Sequence[str], replies: Sequence[str]) -> npt.NDArray[np.int64]:
        """The likeliest level of each reply and mechanism."""
        chances = self._chances(posts, replies)
        weak, strong = chances[:, 0::2], chances[:, 1::2]
        likeliest: npt.NDArray[np.int64] = np.argmax(np.stack([1 - weak, weak - strong, strong]), axis=0)
        return likeliest

    def _chances(self, posts: Sequence[str], replies: Sequence[str]) -> Floats:
        parts = [sentences_in(reply) or [reply] for reply in replies]
        of_parts = self._strongest.chances(
            [post for post, own in zip(posts, parts, strict=True) for _part in own],
            [part for own in parts for part in own],
        )
        borders = np.cumsum([0, *(len(own) for own in parts)])[:-1]
        strongest = np.maximum.reduceat(of_parts, borders, axis=0)
        together: Floats = (self._whole.chances(posts, replies) + strongest) / 2
        return together

    def save(self, path: Path) -> None:
        """Numbers only: words are hashed into buckets."""
        not_to_commit(path).parent.mkdir(parents=True, exist_ok=True)
        numbers = self._whole.stored("whole") | self._strongest.stored("strongest")
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                format=np.array(FORMAT),
                figures=np.array(json.dumps(self.figures)),
                **cast(dict[str, Any], numbers),
            )

    @classmethod
    def load(cls, path: Path) -> EmpathyScorer:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if int(stored["format"]) != FORMAT:
                    raise BadData(
                        path, "", f"is of format {int(stored['format'])}, and this code reads {FORMAT}. Train it anew."
                    )
                whole, strongest = (Regressions.restored(name, stored) for name in ("whole", "strongest"))
                scorer = cls(whole, strongest, json.loads(str(stored["figures"])))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise BadData(path, "", "is no empathy scorer. Make one: python -m evaluation.empathy train.") from error
        scorer.sha256 = fingerprint(path)
        return scorer


def _counts(replies: Sequence[str]) -> Any:
    texts = [reply.replace("’", "'") for reply in replies]
    return sparse.hstack([_WORDS.transform(texts), _LETTERS.transform(texts)], format="csr")


def _cues(posts: Sequence[str], replies: Sequence[str]) -> Floats:
    return np.array([list(_cues_of(post, reply)) for post, reply in zip(posts, replies, strict=True)], dtype=float)


def _cues_of(post: str, reply: str) -> Iterator[float]:
    said, parts = words(reply), sentences_in(reply)
    asked = [words(one) for one in parts if one.rstrip().endswith("?")]
    yield np.log1p(len(said))
    yield np.log1p(len(parts))
    yield np.log1p(len(asked))
    yield np.log1p(sum(not _YOU.isdisjoint(one) for one in asked))
    yield np.log1p(sum(bool(one) and one[0] in _ASKING for one in asked))
    for group in (_YOU, _I, _WARM, _GRASP):
        yield np.log1p(sum(word in group for word in said))
    yield np.log1p(len(content(post) & content(reply)))


def _fitted(features: Any, positive: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    if positive.all() or not positive.any():  # nothing to tell apart: always, or never
        return np.zeros(features.shape[1]), 10.0 if positive.all() else -10.0
    with threadpool_limits(1):  # for vectors as short as these, threads only wait for each other
        model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=200, random_state=1).fit(features, positive)
    return np.asarray(model.coef_[0], dtype=float), float(model.intercept_[0])


# How good it is


def crossvalidate(rows: Sequence[Labelled]) -> Results:
    """Each reply judged by a scorer that saw no reply to its post."""
    groups = np.unique([hashlib.sha256(one.group.encode()).hexdigest() for one in rows], return_inverse=True)[1]
    wanted = np.array([one.levels for one in rows])
    expected, levels = np.zeros(wanted.shape), np.zeros(wanted.shape, dtype=int)
    majority = np.zeros(wanted.shape, dtype=int)
    added = {kind: np.zeros(len(rows)) for kind in ADDED}
    for train, test in GroupKFold(FOLDS).split(wanted, groups=groups):
        scorer = EmpathyScorer.fit([rows[index] for index in train])
        posts, replies = [rows[index].post for index in test], [rows[index].reply for index in test]
        expected[test], levels[test] = scorer.expected(posts, replies), scorer.levels(posts, replies)
        for kind, lines in ADDED.items():
            longer = [f"{reply} {lines[number % len(lines)]}" for number, reply in enumerate(replies)]
            added[kind][test] = scorer.expected(posts, longer).sum(axis=1)
        majority[test] = [np.bincount(wanted[train, number]).argmax() for number in range(len(MECHANISMS))]
    figures = []
    for number, name in enumerate(MECHANISMS):
        truth, said, plain, rank = (table[:, number] for table in (wanted, levels, majority, expected))
        title = name.replace("_", " ")
        figures += [
            Figure(f"{title}: accuracy", share_of((truth == said).tolist())),
            Figure(f"{title}: accuracy of the commonest level", share_of((truth == plain).tolist())),
            Figure(f"{title}: macro-F1", _by_group(_macro_f1, groups, truth, said)),
            Figure(f"{title}: Spearman", _by_group(_spearman, groups, truth, rank)),
        ]
    total = _by_group(_spearman, groups, wanted.sum(axis=1), expected.sum(axis=1))
    rises = _by_group(_right_order, groups, wanted.sum(axis=1), expected.sum(axis=1))
    return Results(
        figures=(
            *figures,
            Figure("sum of the three: Spearman", total),
            Figure("of two replies to one post, the one labelled higher is scored higher", rises),
            *of_added(expected.sum(axis=1), added),
        ),
        facts={"replies": len(rows), "posts": int(groups.max()) + 1, "folds by post": FOLDS},
    )


def of_added(before: Floats, added: Mapping[str, Floats]) -> list[Figure]:
    figures = []
    for kind, after in added.items():
        figures.append(Figure(f"one {kind} more: relative rise", rise_of(before.tolist(), after.tolist())))
        falls = share_of((after < before - FALLS).tolist())
        figures.append(Figure(f"one {kind} more: falls by more than {FALLS}", falls))
    return figures


def _macro_f1(groups: npt.NDArray[np.int64], truth: Any, said: Any) -> float:  # noqa: ARG001
    # As scikit-learn's f1_score(average="macro"), which is too slow to be asked for each draw.
    table = np.bincount(truth * len(LEVELS) + said, minlength=len(LEVELS) ** 2).reshape(len(LEVELS), -1)
    given = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(2 * np.diag(table) / np.maximum(given, 1)))


def _spearman(groups: npt.NDArray[np.int64], truth: Any, rank: Any) -> float:  # noqa: ARG001
    if len(set(truth.tolist())) < 2 or len(set(rank.tolist())) < 2:
        return float("nan")
    return float(stats.spearmanr(truth, rank).statistic)


def _right_order(groups: npt.NDArray[np.int64], truth: Any, rank: Any) -> float:
    """Ties of the score count half. What a reply to another post got says nothing about a change to this one."""
    right = pairs = 0.0
    order = np.argsort(groups, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        above = truth[part][:, None] > truth[part][None, :]
        pairs += above.sum()
        gap = rank[part][:, None] - rank[part][None, :]
        right += (above & (gap > 0)).sum() + 0.5 * (above & (gap == 0)).sum()
    return right / pairs if pairs else float("nan")


def _by_group(measure: Any, groups: npt.NDArray[np.int64], truth: Any, said: Any, *, draws: int = 200) -> Estimate:
    """Interval by drawing posts, with all their replies, again."""
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    generator = np.random.default_rng(1)
    seen = []
    for _draw in range(draws):
        chosen = [members[index] for index in generator.integers(0, len(members), len(members))]
        rows = np.concatenate(chosen)
        numbers = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
        seen.append(measure(numbers, truth[rows], said[rows]))
    value = measure(groups, truth, said)
    if not np.isfinite(value) or not np.isfinite(seen).any():
        return Estimate(None, 0.0, 1.0, len(truth), "bootstrap by post")
    low, high = np.nanquantile(seen, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(value), float(low), float(high), len(truth), "bootstrap by post")


def kept_figures(results: Results) -> dict[str, Any]:
    """What a report that uses the scorer says of it."""
    return {
        figure.name: round(figure.value.value, 3)
        for figure in results.figures
        if isinstance(figure.value, Estimate) and figure.value.value is not None
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.empathy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train", help="measure on held-out posts, then fit on all of them and write the weights"
    )
    train.add_argument("--data", type=Path, required=True, metavar="FOLDER", help=f"holds {FILE}")
    train.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the weights (.npz); not to be committed"
    )
    asked = parser.parse_args(arguments)
    try:
        not_to_commit(asked.out)
        rows = read_labelled(asked.data)
        results = crossvalidate(rows)
        scorer = EmpathyScorer.fit(rows)
        scorer.figures = {**results.facts, **kept_figures(results), "data SHA-256": fingerprint(asked.data / FILE)}
        scorer.save(asked.out)
    except BadData as error:
        print(error, file=sys.stderr)
        return 1
    print(as_markdown({"suite": "Expressed empathy, on posts that were held out"}, results))
    print(f"Weights: {asked.out} (SHA-256 {fingerprint(asked.out)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
