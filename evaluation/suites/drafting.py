"""The generation model on held-out posts: whether it writes a reply to this post, beside what people replied."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from assistant.inference.trained_prompts import Task
from assistant.telling import words
from evaluation.empathy import EmpathyScorer
from evaluation.revisions import asking, form, outputs, stock, tables
from evaluation.revisions.figures import Figures
from evaluation.revisions.measured import Measured, measure, screened
from evaluation.revisions.reading_level import level_of
from evaluation.revisions.run import Run
from evaluation.revisions.triples import Triple, read_triples
from evaluation.rows import drawn
from evaluation.suite import Options, Results, Suite

LONGER, WORDS_MORE = 2.5, 40  # times the words of the person's reply, and so many on top
TO_NOBODY = "speaks to nobody"
TOO_LONG = "much too long"
_YOU = frozenset({"you", "your", "yours", "yourself", "you're", "you've", "you'd", "you'll"})

NOTES = (
    f"A reply speaks to the reader, has at most {LONGER} times the words of a person's reply to the same post and {WORDS_MORE},"
    " and is no letter, repetition, refusal, comment on the task or copy of the post.",
    "Stock sentences, expressed empathy and grades are measured as in the revision suite; the person's reply stands beside.",
    "Whether the reply is any good for this person, nothing here can tell: people have to read it.",
)


class Drafting(Suite[Triple]):
    name = "drafting"
    version = 1
    says = "first replies by a generation model, to posts that it was not trained on"
    asks = Task.GENERATE

    def add_options(self, parser: ArgumentParser) -> None:
        outputs.add_options(parser, asking.DRAFTING)
        parser.add_argument("--empathy", type=Path, metavar="FILE", help="weights of `evaluation.empathy train`")

    def load(self, path: Path, options: Options) -> list[Triple]:
        outputs.check(path, options)
        return drawn(read_triples(path, split=outputs.split_of(options), task=Task.GENERATE), options)

    def measure(self, cases: Sequence[Triple], options: Options) -> Results:
        more = options.more
        texts, facts = outputs.outputs_of(cases, more, asking.DRAFTING)
        if more.get("write"):
            outputs.write_outputs(more["write"], texts)
        run = Run([measure(one, texts[one.id]) for one in cases])
        run.stock = stock.ignoring(cases, texts)
        if more.get("empathy"):
            scorer = EmpathyScorer.load(more["empathy"])
            run.judge_empathy(scorer)
            facts["empathy scorer SHA-256"] = scorer.sha256
        return report(run, {**facts, "split": outputs.split_of(options)})


SUITE = Drafting()


def faults(case: Measured) -> tuple[str, ...]:
    """None for a reply."""
    said = words(case.output)
    found = [fault.value for fault in case.faults if fault is not form.Fault.TOO_LONG]
    if len(said) > LONGER * len(words(case.triple.answer)) + WORDS_MORE:
        found.append(TOO_LONG)
    if said and not _YOU & {word.lower() for word in said}:
        found.append(TO_NOBODY)
    return tuple(found)


def report(run: Run, facts: dict[str, str | int | float]) -> Results:
    cases = run.cases
    made = Figures(cases)
    why = [faults(one) for one in cases]
    made.share("is a reply to the post", [not one for one in why], "at least 0.95")
    made.share(
        "stock sentence that ignores the post", [bool(run.stock[one.triple.id]) for one in cases], "at most 0.05"
    )
    made.mean("words", [float(len(words(one.output))) for one in cases])
    made.mean("words of people's replies", [float(len(words(one.triple.answer))) for one in cases])
    made.mean("expressed empathy of the outputs (0 to 6)", run.total("output"))
    made.mean("expressed empathy of people's replies (0 to 6)", run.total("answer"))
    levels = [(one.output_level, level_of(one.triple.answer)) for one in cases]
    made.mean(
        "reading level, grades above people's replies (Coleman-Liau)",
        [own.grade - theirs.grade if own and theirs else None for own, theirs in levels],
        "at most 0",
    )
    made.share("held by the safety checks", [one.output_screened.held for one in cases])
    made.share(
        "people's replies that the checks would hold", [screened(one.triple, one.triple.answer).held for one in cases]
    )
    made.share("points to something invented", [bool(one.pointers) for one in cases])
    kinds = sorted({fault for one in why for fault in one})
    ids = {
        f"no reply: {kind}": [one.triple.id for one, found in zip(cases, why, strict=True) if kind in found]
        for kind in kinds
    }
    return Results(
        figures=tuple(made.figures),
        tables=(tables.safety_codes(cases), tables.pointed(run)),
        ids={
            **ids,
            "stock sentence that ignores the post": [one.triple.id for one in cases if run.stock[one.triple.id]],
        },
        notes=NOTES,
        facts={**facts, "posts": len({one.triple.group for one in cases})},
        per_case=made.per_case,
    )
