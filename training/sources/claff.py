"""claff-offmychest: single sentences of comments, labelled for disclosure and for emotional and informational support."""

from __future__ import annotations

from collections.abc import Iterator

from training.sources.labelled import LabelledText
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional, real

LABELS = ("emotional_disclosure", "information_disclosure", "emo_support", "info_support", "general_support", "support")


def read(reading: Reading) -> Iterator[LabelledText]:
    seen: set[str] = set()

    def make(number: int, told: Told) -> LabelledText:
        row = optional(told, "sentenceid") or f"line-{number}"
        if row in seen:
            raise Refusal("repeat")
        # Two of the labels were given in the first part of the set only.
        labels = {name: value for name in LABELS if (value := real(told.get(name))) is not None}
        if not labels:
            raise Refusal("no label")
        made = LabelledText(
            id=f"claff-offmychest-{row}",
            text=needed(told, "text"),
            origin=reading.origin(row),
            group=f"claff-offmychest-{needed(told, 'post_id')}",
            labels=labels,
            author=optional(told, "author"),  # already a one-way code
        )
        seen.add(row)
        return made

    for path in reading.some_of("sentences.csv"):
        yield from reading.made(reading.csv_rows(path, "sentenceid", "post_id", "text", *LABELS[:4]), make)


SOURCE = Source(
    "claff-offmychest",
    "claff-offmychest",
    LabelledText,
    read,
    licence="cc-by-4.0",
    credit="OffMyChest corpus, Jaidka et al. 2020, CL-Aff shared task (github.com/kj2013/claff-offmychest)",
)
