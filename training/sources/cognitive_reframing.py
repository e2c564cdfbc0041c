"""cognitive-reframing: negative thoughts and what experts made of them. People talking to themselves, not replies."""

from __future__ import annotations

from collections.abc import Iterator

from training.schemas import Rewrite
from training.sources.reading import Reading, Source, Told, needed, optional


def read(reading: Reading) -> Iterator[Rewrite]:
    def make(number: int, told: Told) -> Rewrite:
        return Rewrite(
            id=f"cognitive-reframing-{number}",
            before=needed(told, "thought"),
            after=needed(told, "reframe"),
            origin=reading.origin(str(number)),
            context=optional(told, "situation"),
            kind=optional(told, "thinking_traps_addressed"),
        )

    for path in reading.some_of("reframing_dataset.csv"):
        yield from reading.made(reading.csv_rows(path, "situation", "thought", "reframe"), make)


SOURCE = Source(
    "cognitive-reframing",
    "cognitive-reframing",
    Rewrite,
    read,
    licence="cc-by-nc-nd-4.0",
    credit="Sharma et al. 2023 (github.com/behavioral-data/Cognitive-Reframing)",
)
