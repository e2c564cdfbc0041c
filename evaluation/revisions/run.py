"""The cases of one run, and what is only known of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.empathy import EmpathyScorer
from evaluation.revisions.meaning import Vectors
from evaluation.revisions.measured import Measured
from evaluation.revisions.vectors import Encoder


@dataclass(slots=True)
class Run:
    cases: list[Measured]
    stock: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    empathy: dict[str, np.ndarray] = field(default_factory=dict)  # of "draft", "output", "answer": case by mechanism
    likeness: dict[str, list[float]] = field(default_factory=dict)  # to the draft by vectors, of "output" and "answer"
    sentences_kept: dict[str, list[float | None]] = field(default_factory=dict)
    read: Mapping[str, frozenset[str]] | None = None  # what a reader found, by id

    def texts(self, which: str) -> list[str]:
        return [one.output if which == "output" else getattr(one.triple, which) for one in self.cases]

    def judge_empathy(self, scorer: EmpathyScorer) -> None:
        posts = [one.triple.post for one in self.cases]
        self.empathy = {which: scorer.expected(posts, self.texts(which)) for which in ("draft", "output", "answer")}

    def judge_meaning(self, encoder: Encoder) -> None:
        made = Vectors(encoder, [text for which in ("draft", "output", "answer") for text in self.texts(which)])
        for which in ("output", "answer"):
            both = list(zip(self.texts("draft"), self.texts("answer"), self.texts(which), strict=True))
            self.likeness[which] = [made.likeness(draft, text) for draft, _answer, text in both]
            self.sentences_kept[which] = [made.sentences_kept(*texts) for texts in both]

    def total(self, which: str) -> list[float]:
        """Expressed empathy: the sum of the three expected levels."""
        return [float(one) for one in self.empathy[which].sum(axis=1)] if self.empathy else []
