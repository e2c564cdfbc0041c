"""The tables of a run, and the ids to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from assistant.locked import holds
from assistant.telling import words
from evaluation.empathy import FALLS, MECHANISMS
from evaluation.revisions.form import Fault
from evaluation.revisions.invented import Pointer
from evaluation.revisions.measured import Measured
from evaluation.revisions.reading_level import level_of
from evaluation.revisions.run import Run
from evaluation.revisions.sheet import VERDICTS
from evaluation.stats import mean_of, rise_of, share_of
from evaluation.suite import Table, Value

FEW = 5  # triples: kinds with fewer share a row
OTHERS = "other kinds"


def why_no_revision(cases: Sequence[Measured]) -> Table:
    rows = tuple((fault.value, share_of([fault in one.faults for one in cases])) for fault in Fault)
    return Table("Why an output is no revision", ("fault", "outputs"), rows, "An output may have several.")


def by_kind(title: str, run: Run, key: Callable[[Measured], str]) -> Table:
    counts = Counter(map(key, run.cases))
    kinds: dict[str, list[Measured]] = {}
    for one in run.cases:
        kinds.setdefault(key(one) if counts[key(one)] >= FEW else OTHERS, []).append(one)
    rows: list[tuple[Value, ...]] = []
    for kind, cases in sorted(kinds.items()):
        needing = [one for one in cases if one.triple.needs_work]
        rows.append(
            (
                kind,
                len(cases),
                share_of([not one.faults for one in cases]),
                share_of([one.unchanged for one in needing]),
                share_of([bool(run.stock[one.triple.id]) for one in cases]),
                mean_of([one.words_kept for one in cases if one.words_kept is not None]),
            )
        )
    columns = (
        "kind",
        "triples",
        "a revision",
        "unchanged, where work is needed",
        "stock sentence",
        "meaning kept, by words",
    )
    return Table(title, columns, tuple(rows))


def beside_the_good_revision(run: Run) -> Table:
    """What the figures would be for the revisions that the triples hold: no target says more than they do."""
    cases = run.cases
    answers = [level_of(one.triple.answer) for one in cases]
    rows: list[tuple[Value, ...]] = [
        (
            "times as long as the draft",
            mean_of([one.times_as_long for one in cases]),
            mean_of([len(words(one.triple.answer)) / max(1, len(words(one.triple.draft))) for one in cases]),
        ),
        (
            "reading level, change in grades",
            mean_of([new.grade - old.grade for one in cases if (old := one.draft_level) and (new := one.output_level)]),
            mean_of(
                [
                    new.grade - old.grade
                    for one, new in zip(cases, answers, strict=True)
                    if new and (old := one.draft_level)
                ]
            ),
        ),
        (
            "locked sentences byte-identical, as written",
            share_of([one.locked_as_written for one in cases if one.locked_as_written is not None]),
            share_of([holds(one.triple.answer, one.triple.keep) for one in cases if one.locked_as_written is not None]),
        ),
    ]
    if run.likeness:
        for name, of in (
            ("sentences kept, by vectors", run.sentences_kept),
            ("likeness of the whole to the draft", run.likeness),
        ):
            values = ([value for value in of[one] if value is not None] for one in ("output", "answer"))
            rows.append((name, *map(mean_of, values)))
    if run.empathy:
        drafts = run.total("draft")
        rows.append(
            ("expressed empathy, relative rise", *(rise_of(drafts, run.total(one)) for one in ("output", "answer")))
        )
        for number, name in enumerate(MECHANISMS):
            rises = (
                mean_of((run.empathy[one][:, number] - run.empathy["draft"][:, number]).tolist())
                for one in ("output", "answer")
            )
            rows.append((f"{name.replace('_', ' ')}, change of the expected level", *rises))
    return Table("Beside the good revisions of the same drafts", ("measure", "outputs", "good revisions"), tuple(rows))


def safety_codes(cases: Sequence[Measured]) -> Table:
    before = Counter(code for one in cases for code in one.draft_screened.codes)
    after = Counter(code for one in cases for code in one.output_screened.codes)
    rows = tuple((code, before[code], after[code]) for code in sorted(before | after))
    return Table(
        "Safety findings", ("code", "drafts", "outputs"), rows, "Texts with the code, screened as suggestions."
    )


def pointed(run: Run) -> Table:
    rows: list[tuple[Value, ...]] = []
    for pointer in Pointer:
        there = [one for one in run.cases if pointer in one.pointers]
        told = [one for one in there if run.read is not None and one.triple.id in run.read]
        right = [bool(run.read and run.read[one.triple.id] & set(VERDICTS)) for one in told]
        rows.append((pointer.value, share_of([pointer in one.pointers for one in run.cases]), share_of(right)))
    note = (
        "Rules that count words: they point a reader to outputs, they prove nothing, and they miss what is paraphrased."
    )
    return Table(
        "What points to something invented", ("what", "outputs", "of those read, found faulty"), tuple(rows), note
    )


def to_look_at(run: Run) -> dict[str, list[str]]:
    cases = run.cases
    found = {f"no revision: {fault.value}": [one.triple.id for one in cases if fault in one.faults] for fault in Fault}
    found["stock sentence that ignores the post"] = [one.triple.id for one in cases if run.stock[one.triple.id]]
    found["a locked sentence was changed"] = [one.triple.id for one in cases if one.locked_as_written is False]
    found["a locked sentence is changed as shown"] = [one.triple.id for one in cases if one.locked_enforced is False]
    found["brings a safety finding"] = [one.triple.id for one in cases if one.new_codes]
    if run.empathy:
        pairs = zip(cases, run.total("draft"), run.total("output"), strict=True)
        found["expressed empathy falls"] = [one.triple.id for one, old, new in pairs if new < old - FALLS]
    for pointer in Pointer:
        found[f"points to: {pointer.value}"] = [one.triple.id for one in cases if pointer in one.pointers]
    return {name: ids for name, ids in found.items() if ids}
