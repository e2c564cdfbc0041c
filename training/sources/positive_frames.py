"""positive-frames: tweets about stress, rewritten by crowd workers. A lesson in style, not in safety: it can play things down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from training.schemas import Rewrite
from training.sources.reading import Reading, Source, Told, needed, optional

_STRATEGY = re.compile(r"\w+")


def read(reading: Reading) -> Iterator[Rewrite]:
    for path in reading.some_of("train.csv", "dev.csv", "test.csv"):

        def make(number: int, told: Told, part: str = path.stem) -> Rewrite:
            row = f"{part}-{number}"
            return Rewrite(
                id=f"positive-frames-{row}",
                before=needed(told, "original_text"),
                after=needed(told, "reframed_text"),
                origin=reading.origin(row),
                kind=", ".join(_STRATEGY.findall(optional(told, "strategy"))),
            )

        yield from reading.made(reading.csv_rows(path, "original_text", "reframed_text"), make)


SOURCE = Source(
    "positive-frames",
    "positive-frames",
    Rewrite,
    read,
    licence="cc-by-sa-4.0",
    credit="Positive Psychology Frames, Ziems et al. 2022 (github.com/SALT-NLP/positive-frames)",
)
