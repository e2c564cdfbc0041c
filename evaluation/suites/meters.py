"""The mechanisms of empathy that a writer is shown beside a draft, beside what people found in the same replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant import main_point
from assistant.meters import Mechanism, mechanisms_in
from assistant.telling import words
from evaluation.empathy import MECHANISMS, Labelled, read_labelled
from evaluation.rows import drawn
from evaluation.stats import kappa, share_of
from evaluation.suite import Figure, Options, Results, Suite

OF_LABEL = dict(zip(MECHANISMS, (Mechanism.REACTIONS, Mechanism.INTERPRETATIONS, Mechanism.EXPLORATIONS), strict=True))

OF_LABEL_NUMBER = {mechanism: number for number, mechanism in enumerate(OF_LABEL.values())}


class Meters(Suite[Labelled]):
    name = "meters"
    version = 2
    says = "present or not, by wording, beside people's labels of the same replies"

    def load(self, path: Path, options: Options) -> list[Labelled]:
        return drawn(read_labelled(path.parent if path.is_file() else path), options)

    def measure(self, cases: Sequence[Labelled], options: Options) -> Results:
        found = [mechanisms_in(case.reply) for case in cases]
        figures: list[Figure] = []
        for number, (label, mechanism) in enumerate(OF_LABEL.items()):
            people = [case.levels[number] > 0 for case in cases]
            ours = [mechanism in one for one in found]
            name = label.replace("_", " ")
            both = list(zip(people, ours, strict=True))
            figures += [
                Figure(f"{name}: same as people", share_of([theirs == own for theirs, own in both])),
                Figure(
                    f"{name}: kappa", kappa([int(one) for one in people], [int(one) for one in ours], seed=options.seed)
                ),
                Figure(f"{name}: told where people found it", share_of([own for theirs, own in both if theirs])),
                Figure(f"{name}: people found it where told", share_of([theirs for theirs, own in both if own])),
            ]
        understood = OF_LABEL_NUMBER[Mechanism.INTERPRETATIONS]
        long_enough = [case for case in cases if len(words(case.reply)) >= main_point.LEAST_WORDS]
        for level, what in ((0, "nothing"), (1, "something"), (2, "much")):
            asked = [
                main_point.misses(case.reply, case.post) for case in long_enough if case.levels[understood] == level
            ]
            figures.append(Figure(f"asked back where people found {what} understood", share_of(asked)))
        return Results(
            figures=tuple(figures),
            notes=(
                "Labelled are short comments of one community; half of them were looked at when the wording was chosen.",
                "A mechanism that is there may still be no comfort to this person.",
            ),
        )


SUITE = Meters()
