"""How replies are written, arm beside arm: the linguistic analysis that is published of such models, with open word lists."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import stats
from tqdm import tqdm

from assistant.language.lexicon import BadDictionary, Lexicon, read_dictionary
from assistant.language.likeness import Alike, diversity, similarity
from assistant.language.measures import Measures, measures_of
from assistant.language.politeness import strategies, strategies_in
from evaluation.effects import Posts
from evaluation.language.replies import FORMS, HUMAN, Reply, read_replies, with_outputs
from evaluation.revisions import vectors
from evaluation.rows import drawn
from evaluation.stats import Estimate
from evaluation.suite import BadData, Figure, Line, Options, PerCase, Plot, Results, Suite, Table, Value

DIVERSITY = "diversity of replies to a post"
HEADLINES = (
    "words",
    "letters a word",
    "words a sentence",
    "repeatability",
    "Coleman-Liau grade",
    "categorical-dynamic index",
    "style accommodation",
    "semantic similarity",
    "questions, of sentences",
    "politer strategies",
)
DRAWN = ("style accommodation", "semantic similarity")
STEPS = 101  # of a curve

NOTES = (
    "No figure says that a reply is good. Some go with length; the last table says which, and how far.",
    "Word lists are our own and find wording, not sense: compare the figures with others made here, not with LIWC's.",
    "Rates, index, style accommodation and reading levels are of texts of 10 words or more in English; SMOG needs 30 sentences.",
    "Intervals are by drawing posts with all that was written to them. Of so many comparisons some stand out by chance.",
    "A reading level knows long words and long sentences, nothing else.",
)


class Language(Suite[Reply]):
    name = "language"
    version = 1
    says = "how replies are written, by arm: length, reading levels, function words, categories, likeness to the post, politeness"
    formats = FORMS

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--outputs",
            type=_named_file,
            action="append",
            default=[],
            metavar="ARM=FILE",
            help="another arm: JSONL of id and output for the same cases",
        )
        parser.add_argument("--against", metavar="ARM", help="effect sizes against this arm (human, else the first)")
        parser.add_argument(
            "--dictionary", type=Path, metavar="FILE", help="a LIWC dictionary (.dic) that you own, counted as well"
        )

    def load(self, path: Path, options: Options) -> list[Reply]:
        replies = read_replies(path, options.format)
        for arm, file in options.more.get("outputs") or ():
            replies = with_outputs(replies, arm, file)
        kept = set(drawn(list(dict.fromkeys(reply.case for reply in replies)), options))
        against = options.more.get("against")
        if against and against not in arms_of(replies):
            raise BadData(path, "", f"--against {against}: no such arm; there are {', '.join(arms_of(replies))}.")
        return [reply for reply in replies if reply.case in kept]

    def measure(self, cases: Sequence[Reply], options: Options) -> Results:
        dictionary = _dictionary(options)
        alike, by = _alike(cases)
        with tqdm(cases, unit="reply", file=sys.stderr) as bar:
            told = [
                measures_of(one.text, post=one.post, language=one.language, alike=alike, dictionary=dictionary)
                for one in bar
            ]
        facts: dict[str, str | int | float] = {"semantic similarity": by, "posts": len({one.group for one in cases})}
        facts |= {f"replies, {arm}": sum(one.arm == arm for one in cases) for arm in arms_of(cases)}
        if dictionary:
            facts["dictionary"] = options.more["dictionary"].name
            facts["entries of it left out"] = dictionary.left_out
        return _Report(cases, told, alike, options).results(facts)


SUITE = Language()


def arms_of(replies: Sequence[Reply]) -> list[str]:
    return list(dict.fromkeys(reply.arm for reply in replies))


def _named_file(given: str) -> tuple[str, Path]:
    arm, _, file = given.partition("=")
    if not arm or not file:
        raise ArgumentTypeError(f"{given}: want ARM=FILE")
    return arm, Path(file)


def _dictionary(options: Options) -> Lexicon | None:
    path: Path | None = options.more.get("dictionary")
    try:
        return read_dictionary(path) if path else None
    except (BadDictionary, OSError) as error:
        assert path is not None
        raise BadData(path, "", str(error).removeprefix(f"{path}: ")) from error


def _alike(cases: Sequence[Reply]) -> tuple[Alike, str]:
    """The cosine of sentence vectors where that package is installed, else of words; and what it is."""
    encoder = vectors.load()
    if encoder is None:
        return similarity, "by words: sentence vectors are not installed"
    texts = [text for text in dict.fromkeys(text for one in cases for text in (one.post, one.text)) if text.strip()]
    with tqdm(texts, unit="text", file=sys.stderr) as bar:
        rows = {text: encoder.encode([text])[0] for text in bar}

    def cosine(one: str, other: str) -> float | None:
        return float(rows[one] @ rows[other]) if one in rows and other in rows else None

    return cosine, f"by sentence vectors of {encoder.name}"


class _Report:
    def __init__(self, cases: Sequence[Reply], told: Sequence[Measures], alike: Alike, options: Options) -> None:
        self.cases, self.told, self.alike = cases, told, alike
        self.arms = arms_of(cases)
        self.names = list(told[0])
        self.posts = Posts([one.group for one in cases], seed=options.seed)
        self.reference = options.more.get("against") or (HUMAN if HUMAN in self.arms else self.arms[0])

    def results(self, facts: Mapping[str, str | int | float]) -> Results:
        tables = [self.every_measure(), self.strategies(), self.by_length()]
        if len(self.arms) > 1:
            tables.insert(0, self.effects())
        return Results(
            figures=self.figures(),
            tables=tuple(tables),
            plots=tuple(self.curve(name) for name in DRAWN if any(self.of(name, arm)[0] for arm in self.arms)),
            notes=NOTES,
            facts=facts,
            per_case=self.per_case(),
        )

    def figures(self) -> tuple[Figure, ...]:
        return tuple(
            Figure(f"{name}: {arm}", self.posts.mean(*self.of(name, arm)))
            for name in (*HEADLINES, DIVERSITY)
            for arm in self.arms
        )

    def of(self, name: str, arm: str) -> tuple[list[float], list[str]]:
        """The values of an arm, and the post of each. Diversity has one value for each post with two replies or more."""
        if name == DIVERSITY:
            return self.diversities(arm)
        known = [
            (value, one.group)
            for one, measures in zip(self.cases, self.told, strict=True)
            if one.arm == arm and (value := measures[name]) is not None
        ]
        return [value for value, _post in known], [post for _value, post in known]

    def diversities(self, arm: str) -> tuple[list[float], list[str]]:
        replies: dict[str, list[str]] = {}
        for one in self.cases:
            if one.arm == arm:
                replies.setdefault(one.group, []).append(one.text)
        found = {post: diversity(texts, alike=self.alike) for post, texts in replies.items()}
        known = {post: value for post, value in found.items() if value is not None}
        return list(known.values()), list(known)

    def every_measure(self) -> Table:
        rows: tuple[tuple[Value, ...], ...] = tuple(
            (name, *(self.posts.mean(*self.of(name, arm)) for arm in self.arms)) for name in (*self.names, DIVERSITY)
        )
        return Table("Every measure: means", ("measure", *self.arms), rows)

    def effects(self) -> Table:
        others = [arm for arm in self.arms if arm != self.reference]
        rows: tuple[tuple[Value, ...], ...] = tuple(
            (name, *(self.effect(name, arm) for arm in others)) for name in (*self.names, DIVERSITY)
        )
        note = f"Above 0: the arm has more of it than {self.reference}. A dash: nothing to compare, or nothing differs."
        return Table(f"Effect sizes: Cohen's d against {self.reference}", ("measure", *others), rows, note)

    def effect(self, name: str, arm: str) -> Value:
        found: Estimate = self.posts.cohens_d(*self.of(name, arm), *self.of(name, self.reference))
        return found if found.value is not None else None

    def strategies(self) -> Table:
        found = [strategies_in(one.text, language=one.language) for one in self.cases]
        rows: list[tuple[Value, ...]] = []
        for strategy, about in strategies().items():
            row: list[Value] = [strategy.replace("_", " "), "more" if about.lean > 0 else "less"]
            for arm in self.arms:
                known = [
                    (float(strategy in own), one.group)
                    for one, own in zip(self.cases, found, strict=True)
                    if one.arm == arm and own is not None
                ]
                row.append(self.posts.mean([one for one, _post in known], [post for _one, post in known]))
            rows.append(tuple(row))
        note = "Where it leans was judged for requests among editors and programmers, not for replies to somebody in distress."
        return Table(
            "Strategies of politeness: share of replies", ("strategy", "polite, there", *self.arms), tuple(rows), note
        )

    def by_length(self) -> Table:
        rows: tuple[tuple[Value, ...], ...] = tuple(
            (name, *(self.goes_with_length(name, arm) for arm in self.arms)) for name in HEADLINES[1:]
        )
        note = "Where arms differ in length, a measure that goes with length differs for that alone."
        return Table(
            "What goes with length: rank correlation with words (Spearman)", ("measure", *self.arms), rows, note
        )

    def goes_with_length(self, name: str, arm: str) -> float | None:
        pairs = [
            (measures["words"], measures[name])
            for one, measures in zip(self.cases, self.told, strict=True)
            if one.arm == arm and measures[name] is not None
        ]
        lengths, values = [length for length, _value in pairs], [value for _length, value in pairs]
        if len(set(lengths)) < 2 or len(set(values)) < 2:
            return None
        return float(stats.spearmanr(lengths, values).statistic)

    def curve(self, name: str) -> Plot:
        steps = np.linspace(0, 1, STEPS)
        lines = []
        for arm in self.arms:
            values = np.sort(self.of(name, arm)[0])
            if len(values):
                shares = np.searchsorted(values, steps, side="right") / len(values)
                lines.append(Line(arm, tuple(map(float, steps)), tuple(map(float, shares))))
        return Plot(name.replace(" ", "-"), name, name, "share of replies with so much or less", tuple(lines))

    def per_case(self) -> PerCase:
        values = {
            f"{name}: {arm}": tuple(
                measures[name] if one.arm == arm else None for one, measures in zip(self.cases, self.told, strict=True)
            )
            for name in HEADLINES
            for arm in self.arms
        }
        return PerCase(tuple(one.id for one in self.cases), values)
