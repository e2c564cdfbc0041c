"""Pairs from the model's own answers (`own_sample`): what it does well against what it does badly, under the same prompt.

SFT shows a model good revisions; it does not show it what it then does wrong: copy, reach for a set phrase, lose a
sentence, invent. Here its own answers are measured by rules that look at nothing but post, draft and answer, and the best
is paired with the worst. The rules are not the scorers of the evaluation lab, so that a good figure there is no circle.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from rapidfuzz.distance import Indel

from assistant.changes import sentences_in, split_sentences
from training.building.cues import OWN, Cue, cues, is_stock, ungrounded
from training.building.reflections import copies
from training.building.text import content, words
from training.schemas import Example, Objective, Pair, PairSource, read_rows, write_rows

LETTER = re.compile(
    r"^\s*(dear|hello|hi|hey)\b|\b(sincerely|best regards|kind regards|yours truly|\[your name\])\b", re.I
)
PERSON = re.compile(r"\b(i|me|my|mine|myself|i'm|i've|i'd)\b", re.I)


@dataclass(frozen=True, slots=True)
class Marks:
    """What can be said of one answer. 0 is bad and 1 good in each."""

    shape: float  # a revision: no letter, no loop, not much longer, no stretch of the post that the site would hold
    kept: float  # of the draft's words that the good revision keeps
    heard: float  # says back what the post says
    grounded: float  # what it adds is in post or draft
    clean: float  # faults of the draft are gone, no set phrase was added
    moved: float  # it is not the draft, unless the draft was good

    @property
    def total(self) -> float:
        return sum(WEIGHTS[one.name] * float(getattr(self, one.name)) for one in fields(self))


WEIGHTS = {"shape": 3.0, "kept": 2.0, "heard": 1.5, "grounded": 2.0, "clean": 1.5, "moved": 1.0}
OBJECTIVES = {
    "shape": Objective.STYLE,
    "kept": Objective.KEEP_MEANING,
    "heard": Objective.EMPATHY,
    "grounded": Objective.SAFETY,
    "clean": Objective.SAFETY,
    "moved": Objective.EMPATHY,
}


def mark(answer: str, row: Example) -> Marks:
    post, draft, good = content(row.post), content(row.draft), content(row.answer)
    told = sentences_in(answer)
    added = [one for one in told if not near(one, row.draft)]
    stays = draft & good
    return Marks(
        shape=float(is_revision(answer, row, told) and not any(copies(one, row.post) for one in added)),
        kept=len(stays & content(answer)) / len(stays) if stays else 1.0,
        heard=float(any(Cue.REFLECTION in cues(one, post) for one in told)),
        grounded=grounded(added, post | draft | good, row.draft),
        clean=1.0 - min(1.0, 0.5 * faults_left(answer, row) + 0.5 * sum(is_stock(one) for one in added)),
        moved=float(row.built == "nothing" or Indel.normalized_similarity(answer, row.draft) < 0.97),
    )


def is_revision(answer: str, row: Example, told: list[str]) -> bool:
    longest = 1.8 * max(len(words(row.draft)), len(words(row.answer))) + 15
    return bool(
        answer.strip()
        and not (LETTER.search(answer) and not LETTER.search(row.draft))
        and len(words(answer)) <= longest
        and len(set(told)) == len(told)
        and Indel.normalized_similarity(answer, row.post) < 0.8
        and all(sentence in answer for sentence in row.keep)
    )


def grounded(added: list[str], known: frozenset[str], draft: str) -> float:
    """Falls by a third for each word that says something and is nowhere, and to 0 where the writer is given a story."""
    if any(OWN.search(one) for one in added) and not PERSON.search(draft):
        return 0.0
    return max(0.0, 1.0 - sum(ungrounded(one, known) for one in added) / 3)


def faults_left(answer: str, row: Example) -> int:
    """Sentences of the draft that the good revision leaves out and the answer still has."""
    dropped = [one for one in sentences_in(row.draft) if not near(one, row.answer)]
    return sum(near(one, answer, alike=0.9) for one in dropped)


def near(sentence: str, text: str, *, alike: float = 0.75) -> bool:
    plain = sentence.lower()
    pieces = (text[one.start : one.end].lower() for one in split_sentences(text))
    return any(Indel.normalized_similarity(plain, piece) >= alike for piece in pieces)


def pairs(
    samples: Iterable[tuple[Example, Sequence[str]]], *, margin: float, most_share: float = 1.0, seed: int = 1
) -> list[Pair]:
    """Balanced: in at most `most_share` of them the answers differ most in the same mark. Copies are so frequent among the
    worst answers that a model would else learn to change something, whatever."""
    found = list(_paired(samples, margin=margin, seed=seed))
    random.Random(seed).shuffle(found)
    return [pair for _, pair in balanced(found, most_share)]


def balanced(found: Sequence[tuple[str, Pair]], most_share: float) -> list[tuple[str, Pair]]:
    """The first ones of each mark."""
    counts = Counter(name for name, _ in found)
    for name, count in counts.most_common():
        others = counts.total() - counts[name]
        if count > most_share * counts.total():
            counts[name] = int(others * most_share / (1 - most_share))
    kept, taken = [], Counter[str]()
    for name, pair in found:
        if taken[name] < counts[name]:
            taken[name] += 1
            kept.append((name, pair))
    return kept


def _paired(
    samples: Iterable[tuple[Example, Sequence[str]]], *, margin: float, seed: int
) -> Iterator[tuple[str, Pair]]:
    """For each example the good revision or the best own answer over the worst own answer, where they are `margin` apart;
    before it the mark in which they differ most.

    The draft itself stands among the answers: copying it has to lose.
    """
    chance = random.Random(seed)
    for row, outputs in samples:
        tried = {text: mark(text, row) for text in dict.fromkeys([*outputs, row.draft]) if text.strip()}
        good = mark(row.answer, row)
        ranked = sorted(tried.items(), key=lambda one: (one[1].total, one[0]))
        worst_text, worst = ranked[0]
        best_text, best = ranked[-1]
        if row.draft in tried and row.built != "nothing" and chance.random() < 0.25:
            worst_text, worst = row.draft, tried[row.draft]
        if best.total < good.total - 0.3 or chance.random() < 0.3:
            best_text, best = row.answer, good
        if best.total - worst.total < margin or best_text == worst_text:
            continue
        name = leading(best, worst)
        yield (
            name,
            Pair(
                id=f"{row.id}/own",
                task=row.task,
                post=row.post,
                draft=row.draft,
                goals=row.goals,
                keep=row.keep,
                chosen=best_text,
                rejected=worst_text,
                score_chosen=round(best.total, 3),
                score_rejected=round(worst.total, 3),
                source=PairSource.OWN_SAMPLE,
                objective=OBJECTIVES[name],
                origin=row.origin,
                group=row.group,
                author_chosen=row.author,
                split=row.split,
            ),
        )


def leading(best: Marks, worst: Marks) -> str:
    """The mark in which they differ most."""
    return max(WEIGHTS, key=lambda one: WEIGHTS[one] * (getattr(best, one) - getattr(worst, one)))


def read_samples(examples: Path, samples: Path) -> Iterator[tuple[Example, list[str]]]:
    rows = {row.id: row for row in read_rows(Example, examples)}
    with samples.open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            yield rows[told["id"]], told["outputs"]


def summary(samples: Iterable[tuple[Example, Sequence[str]]]) -> dict[str, float]:
    """Mean marks of the first answer to each example."""
    found = [mark(outputs[0], row) for row, outputs in samples if outputs]
    return {one.name: round(sum(getattr(m, one.name) for m in found) / len(found), 3) for one in fields(Marks)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.own_pairs", description=__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("samples", type=Path, help="what training.sampling wrote")
    parser.add_argument("--margin", type=float, default=1.0)
    parser.add_argument(
        "--most-share", type=float, default=0.4, help="of pairs whose answers differ most in one and the same mark"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    samples = list(read_samples(given.examples, given.samples))
    print(json.dumps(summary(samples)))
    if given.out:
        made = pairs(samples, margin=given.margin, most_share=given.most_share, seed=given.seed)
        write_rows(made, given.out)
        print(f"{len(made)} pairs: {dict(Counter(str(pair.objective) for pair in made))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
