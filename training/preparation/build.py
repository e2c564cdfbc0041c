"""All steps in their order, and the files and the report that come of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.building import build as build_examples
from training.pairs import PairOptions, community_votes, human_ratings, moderator_decisions, supporter_feedback
from training.preparation import report as reports
from training.preparation.agreement import labelled
from training.preparation.corpus import Corpus, with_numbered_authors
from training.preparation.division import on_both_sides
from training.preparation.duplicates import once, remove_duplicates
from training.preparation.labels import label
from training.preparation.leaks import OWN_SUITES, LeakIndex, remove_leaking_rows, remove_leaks
from training.preparation.mix import mix
from training.preparation.quality import Scorer, describe, score
from training.preparation.quarantine import Entry, LostRows, Quarantine, Step
from training.preparation.recipe import DataRecipe
from training.preparation.scrubbing import remove_useless, scrub_corpus, why_unfit
from training.preparation.splits import split
from training.schemas import Dialogue, Example, Pair, Rewrite, Row, Split, Thread, write_rows
from training.sources import SOURCES, FinishedDraft, LabelledText, lantern, read
from training.sums import sha256_of

EXAMPLES, PAIRS, QUARANTINE = "examples.jsonl", "pairs.jsonl", "quarantine.jsonl"
SCORER = "quality.npz"


@dataclass(frozen=True, slots=True)
class Settings:
    """What belongs to the machine, not to the recipe: it must make no difference to what comes out."""

    data: Path
    out: Path
    evaluation: tuple[Path, ...] = ()  # beside those of the recipe
    own_suites: tuple[Path, ...] = OWN_SUITES
    processes: int = 2
    with_text: bool = False
    quiet: bool = False


def prepare(recipe: DataRecipe, settings: Settings) -> dict[str, Any]:
    """The report. The same files for the same recipe and data, byte for byte, however often it is run."""
    for name in ("report.json", "report.md"):  # of a run before: should this one fail, its rows speak for nobody
        (settings.out / name).unlink(missing_ok=True)
    pairing = PairOptions.of({"seed": recipe.seed, **recipe.pairs})
    quarantine = Quarantine()
    told: dict[str, Any] = {"recipe": {"name": recipe.name, "version": recipe.version, "seed": recipe.seed}}
    told["use"] = str(recipe.use)
    corpus, told["sources"] = read_sources(recipe, settings.data)
    corpus, duplicates = remove_duplicates(corpus, recipe.near, quarantine)
    index = LeakIndex.of(
        (*settings.own_suites, *(settings.data / one for one in recipe.evaluation), *settings.evaluation),
        below=settings.data,
    )
    corpus = remove_leaks(corpus, index, quarantine)
    corpus, scrubbing = scrub_corpus(corpus, quarantine, processes=settings.processes, quiet=settings.quiet)
    sides, splits = split(corpus, recipe.splits, quarantine, seed=recipe.seed)
    examples, pairs, told["pairs"] = built(sides, recipe, pairing)
    examples, pairs = once(examples, quarantine, "example"), once(pairs, quarantine, "pair")
    examples = remove_leaking_rows(examples, index, quarantine, "example")
    pairs = remove_leaking_rows(pairs, index, quarantine, "pair")
    examples = remove_useless(examples, scrubbing, quarantine, "example")
    pairs = remove_useless(pairs, scrubbing, quarantine, "pair")
    examples, pairs, labels = label(examples, pairs, quarantine, processes=settings.processes, quiet=settings.quiet)
    scorer = _scorer(recipe, settings)
    examples, told["quality"] = scored(examples, recipe, scorer, quarantine)
    told["texts_in"] = quarantine.passages[0].came
    mixed, achieved = mix(
        [one for one in examples if one.split is Split.TRAIN], recipe.mix, quarantine, seed=recipe.seed
    )
    examples = sorted([*mixed, *(one for one in examples if one.split is not Split.TRAIN)], key=lambda one: one.id)
    pairs.sort(key=lambda one: one.id)
    if crossing := on_both_sides(examples, pairs):
        raise LostRows(f"splits: on two sides: {', '.join(crossing)}. Report this as a defect.")
    told |= {
        "duplicates": duplicates.as_dict(),
        "leaks": index.report.as_dict(),
        "scrubbing": scrubbing.as_dict(),
        "splits": splits.as_dict(),
        "labels": labels.as_dict(),
        "mix": achieved.as_dict(),
        "quarantine": quarantine.summary(),
        "licences": reports.licences(recipe.use, [*examples, *pairs]),
        "examples": composition(examples),
        "pair_rows": composition_of_pairs(pairs),
    }
    _write(examples, pairs, quarantine, scorer, told, settings)
    return told


def read_sources(recipe: DataRecipe, data: Path) -> tuple[Corpus, list[dict[str, Any]]]:
    """Raises SourceError and Refused."""
    rows: dict[type, list[Any]] = {kind: [] for kind in (Thread, Rewrite, Dialogue, FinishedDraft)}
    served: dict[str, list[LabelledText]] = {"lines": [], "rated": []}
    numbers: dict[str, str] = {}
    told = []
    for use in recipe.sources:
        reading = read(use.name, use.path_below(data), use=recipe.use, licence=use.licence)
        for row in with_numbered_authors(_distinct(reading), numbers):
            if isinstance(row, LabelledText):
                served[use.serves].append(row)
            else:
                rows[type(row)].append(row)
        told.append(
            {
                "source": use.name,
                "files": reading.hashes,
                "licence": reading.licence or "by row",
                "records": reading.rows,
                "kept": reading.kept,
                "refused": dict(sorted(reading.refused.items())),
                "notes": dict(sorted(reading.notes.items())),
                "credit": SOURCES[use.name].credit,
            }
        )
    corpus = Corpus(
        threads=tuple(rows[Thread]),
        rewrites=tuple(rows[Rewrite]),
        dialogues=tuple(rows[Dialogue]),
        lines=tuple(served["lines"]),
        rated=tuple(served["rated"]),
        drafts=tuple(rows[FinishedDraft]),
    )
    return corpus, told


def _distinct(rows: Iterable[Row]) -> Iterable[Row]:
    """A reader's ids are its own; here two rows of one id would be one."""
    seen: Counter[str] = Counter()
    for row in rows:
        id = str(getattr(row, "id"))  # noqa: B009  every kind of row has one; what they share does not say so
        seen[id] += 1
        yield row if seen[id] == 1 else replace(row, id=f"{id}+{seen[id]}")  # type: ignore[type-var]


def built(
    sides: dict[Split, Corpus], recipe: DataRecipe, pairing: PairOptions
) -> tuple[list[Example], list[Pair], list[dict[str, Any]]]:
    """Each side by itself: nothing that is built on one can hold a text of another."""
    examples: list[Example] = []
    pairs: list[Pair] = []
    told = []
    for side, corpus in sides.items():
        threads = (*corpus.threads, *lantern.as_threads(corpus.drafts))
        found = build_examples(
            threads,
            corpus.rewrites,
            corpus.dialogues,
            lines=corpus.as_lines(),
            options=recipe.building,
            seed=recipe.seed,
        )
        examples += (replace(one, split=side) for one in found)
        rated = [*corpus.rated, *lantern.as_rated(corpus.drafts)]
        for made, report in (
            community_votes(corpus.threads, pairing, unfit=why_unfit),
            supporter_feedback(corpus.drafts, pairing),
            moderator_decisions(corpus.drafts, pairing),
            human_ratings(rated, pairing),
        ):
            pairs += (replace(one, split=side) for one in made)
            if report.considered:
                told.append({"side": str(side), **report.as_dict()})
    return examples, pairs, told


def _scorer(recipe: DataRecipe, settings: Settings) -> Scorer | None:
    name = recipe.quality.fit_on
    return Scorer.fit(labelled(settings.data, name)) if name else None


def scored(
    examples: Sequence[Example], recipe: DataRecipe, scorer: Scorer | None, quarantine: Quarantine
) -> tuple[list[Example], dict[str, Any]]:
    """Practice posts and feedback are not answers to anybody: only what is counted stands with them, and none is refused."""
    kept, entries = [], []
    for row in examples:
        scores = score(row.answer, row.post, scorer)
        refused = recipe.quality.refuses(scores) if row.task in reports.ANSWERS else ""
        if refused:
            entries.append(Entry(row.id, "example", row.origin.source, Step.QUALITY, refused, row.answer))
        else:
            kept.append(replace(row, scores=row.scores | scores))
    quarantine.account(Step.QUALITY, "example", came=len(examples), kept=len(kept), entries=entries)
    answers = [one.scores for one in kept if one.task in reports.ANSWERS]
    names = sorted({name for one in answers for name in one} - {"post_level"})
    return kept, {name: describe([one[name] for one in answers]) for name in names}


def composition(rows: Sequence[Example]) -> list[dict[str, Any]]:
    counts = Counter(
        (str(one.split), str(one.task), one.origin.source, "built" if one.built else "written") for one in rows
    )
    return [
        {"split": side, "task": task, "source": source, "made": made, "rows": count}
        for (side, task, source, made), count in sorted(counts.items())
    ]


def composition_of_pairs(rows: Sequence[Pair]) -> list[dict[str, Any]]:
    counts = Counter((str(one.split), str(one.source), str(one.objective), one.origin.source) for one in rows)
    return [
        {"split": side, "source": source, "objective": objective, "from": origin, "rows": count}
        for (side, source, objective, origin), count in sorted(counts.items())
    ]


def _write(
    examples: Sequence[Example],
    pairs: Sequence[Pair],
    quarantine: Quarantine,
    scorer: Scorer | None,
    told: dict[str, Any],
    settings: Settings,
) -> None:
    """The report last: where it stands, the rows it speaks of stand as well."""
    out = settings.out
    out.mkdir(parents=True, exist_ok=True)
    write_rows(examples, out / EXAMPLES)
    write_rows(pairs, out / PAIRS)
    quarantine.write(out / QUARANTINE, with_text=settings.with_text)
    if scorer is not None:
        scorer.save(out / SCORER)
    told["sha256"] = {name: sha256_of(out / name) for name in (EXAMPLES, PAIRS)}
    for name, content in (("report.md", reports.as_text(told)), ("report.json", json.dumps(told, indent=1) + "\n")):
        part = out / f"{name}.part"
        part.write_text(content, encoding="utf-8")
        part.replace(out / name)
