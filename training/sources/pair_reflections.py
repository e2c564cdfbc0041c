"""PAIR: what clients say, each with reflections that experts wrote well, passably and badly on purpose.

The label `quality` is 3, 2 or 1. It is by design, so bad ones are easy to tell by their style.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.sources.labelled import LabelledText
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional

QUALITY = {"hq1": 3, "hq2": 3, "mq1": 2, "lq1": 1, "lq2": 1, "lq3": 1, "lq4": 1, "lq5": 1}


def read(reading: Reading) -> Iterator[LabelledText]:
    """A record is a reflection."""
    for path in reading.some_of("pair_data.csv"):
        for number, told in reading.csv_rows(path, "prompt", *QUALITY):
            reading.saw(len(QUALITY) - 1)
            yield from _reflections(reading, number, told)


def _reflections(reading: Reading, number: int, told: Told) -> Iterator[LabelledText]:
    try:
        prompt, origin = needed(told, "prompt"), reading.origin(str(number))
    except Refusal as refusal:
        reading.refuse(str(refusal), len(QUALITY))
        return
    for column, quality in QUALITY.items():
        text = optional(told, column)
        if not text:
            reading.refuse("no reflection")
            continue
        reading.keep()
        group = f"pair-reflections-{number}"
        yield LabelledText(f"{group}-{column}", text, origin, group, {"quality": float(quality)}, context=prompt)


SOURCE = Source(
    "pair-reflections",
    "pair-reflections",
    LabelledText,
    read,
    licence="academic",
    credit="PAIR, Min et al. 2022",
)
