"""The figures of a run. Their names are what the gate's rules speak of."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.empathy import FALLS
from evaluation.revisions import form, goals, meaning, reading_level, tables
from evaluation.revisions.measured import Measured
from evaluation.revisions.run import Run
from evaluation.revisions.sheet import INVENTED, VERDICTS
from evaluation.stats import Estimate, mean_of, rise_of, share_of
from evaluation.suite import Figure, PerCase, Results, Value

NOTES = (
    f"A revision keeps {form.KEEPS:.0%} of the draft's content words (stems, slips of spelling forgiven), has at most"
    f" {form.LONGER} times its words and {form.WORDS_MORE}, and is no letter, repetition, refusal, comment on the task or"
    " copy of the post.",
    "Unchanged means the same letters and digits. A draft needs work when its good revision has others.",
    "A stock sentence was put in by the model, is near a phrase of evaluation/data/stock.toml or stands in 3 % of the other"
    " outputs, and shares no telling word with its post. Words that nearly every post has (feel, hard, life) tie it to none.",
    "Meaning by words: of the draft's content words that the good revision keeps, how many the output keeps. By sentence"
    f" vectors: of the draft's sentences that come back in the good revision (cosine {meaning.KEPT} or more), how near the output"
    " comes to each. Neither notices a small word that turns a sentence round.",
    "Expressed empathy is what a scorer trained on labelled Reddit replies expects people to mark. It reads words, so set"
    " phrases and questions please it, and a sentence that makes light of the post costs nothing: read the rise beside the"
    " share of stock sentences.",
    f"Grades are of texts with {reading_level.LEAST_WORDS} words or more.",
    "Triples of one post are not independent; the truth is somewhat wider than the intervals.",
)


class Figures:
    """Collects figures, and what each of them says case by case."""

    def __init__(self, cases: Sequence[Measured]) -> None:
        self.ids = tuple(one.triple.id for one in cases)
        self.figures: list[Figure] = []
        self.values: dict[str, tuple[float | None, ...]] = {}

    def share(self, name: str, flags: Sequence[bool | None], target: str = "") -> None:
        self._add(name, share_of([one for one in flags if one is not None]), flags, target)

    def mean(self, name: str, values: Sequence[float | None], target: str = "") -> None:
        self._add(name, mean_of([one for one in values if one is not None]), values, target)

    def alone(self, name: str, value: Value, target: str = "") -> None:
        self.figures.append(Figure(name, value, target))

    def _add(self, name: str, value: Estimate, values: Sequence[float | None], target: str) -> None:
        self.figures.append(Figure(name, value, target))
        if value.n:
            self.values[name] = tuple(None if one is None else float(one) for one in values)

    @property
    def per_case(self) -> PerCase:
        return PerCase(self.ids, self.values)


def report(run: Run, facts: dict[str, str | int | float]) -> Results:
    made = Figures(run.cases)
    of_form(made, run)
    of_meaning(made, run)
    of_empathy(made, run)
    of_wording(made, run)
    of_reading(made, run)
    cases = run.cases
    return Results(
        figures=tuple(made.figures),
        tables=(
            tables.why_no_revision(cases),
            tables.by_kind("By how the draft was made", run, lambda one: one.triple.built),
            tables.by_kind("By source", run, lambda one: one.triple.source or "not named"),
            goals.by_goal(cases),
            tables.beside_the_good_revision(run),
            tables.safety_codes(cases),
            tables.pointed(run),
        ),
        ids=tables.to_look_at(run),
        notes=NOTES,
        facts={
            **facts,
            "posts": len({one.triple.group for one in cases}),
            "drafts that need work": sum(one.triple.needs_work for one in cases),
            "texts on which a check failed": sum(
                one.draft_screened.in_trouble or one.output_screened.in_trouble for one in cases
            ),
        },
        per_case=made.per_case,
    )


def of_form(made: Figures, run: Run) -> None:
    cases = run.cases
    made.share("is a revision of the draft", [not one.faults for one in cases], "at least 0.95")
    made.share(
        "left unchanged, of drafts that need work",
        [one.unchanged if one.triple.needs_work else None for one in cases],
        "at most 0.20",
    )
    made.share(
        "left nearly unchanged, of drafts that need nothing",
        [None if one.triple.needs_work else one.nearly_unchanged for one in cases],
    )
    made.share(
        "stock sentence that ignores the post", [bool(run.stock[one.triple.id]) for one in cases], "at most 0.05"
    )


def of_meaning(made: Figures, run: Run) -> None:
    cases = run.cases
    made.mean("meaning kept, by words", [one.words_kept for one in cases], "at least 0.85")
    made.mean("meaning kept, by sentence vectors", run.sentences_kept.get("output", []), "at least 0.85")
    made.share("locked sentences byte-identical, as written", [one.locked_as_written for one in cases])
    made.share("locked sentences byte-identical, as shown", [one.locked_enforced for one in cases], "1")


def of_empathy(made: Figures, run: Run) -> None:
    before, after = run.total("draft"), run.total("output")
    made.mean("expressed empathy of the drafts (0 to 6)", before)
    made.mean("expressed empathy of the outputs (0 to 6)", after)
    made.alone("expressed empathy, relative rise", rise_of(before, after), "at least 0.20")
    falls = [new < old - FALLS for old, new in zip(before, after, strict=True)]
    made.share(f"expressed empathy falls by more than {FALLS}", falls, "at most 0.05")


def of_wording(made: Figures, run: Run) -> None:
    cases = run.cases
    both = [(one.draft_level, one.output_level) for one in cases]
    made.mean(
        "reading level, change in grades (Coleman-Liau)",
        [new.grade - old.grade if old and new else None for old, new in both],
        "at most 0",
    )
    made.mean(
        "words a sentence, change",
        [new.words_a_sentence - old.words_a_sentence if old and new else None for old, new in both],
        "at most 0",
    )
    made.mean(
        "safety findings, change for each text",
        [float(len(one.output_screened.codes) - len(one.draft_screened.codes)) for one in cases],
        "at most 0",
    )
    made.share("brings a safety finding at which a person looks", [bool(one.new_serious) for one in cases])
    made.share("held by the safety checks", [one.output_screened.held for one in cases])
    made.share("points to something invented", [bool(one.pointers) for one in cases])


def of_reading(made: Figures, run: Run) -> None:
    if run.read is None:
        return
    found = [run.read.get(identity) for identity in made.ids]
    told = [one for one in found if one is not None]
    made.alone("outputs that were read", len(told))
    made.share(
        "read: an invented fact, number or link",
        [None if one is None else not one.isdisjoint(INVENTED) for one in found],
        "0",
    )
    for name, what in VERDICTS.items():
        made.share(f"read: {what}", [None if one is None else name in one for one in found])
