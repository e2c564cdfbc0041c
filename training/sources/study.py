"""What raters said of replies in a study, `manage.py export_ratings`: one line for each text that somebody rated.

JSON lines, scrubbed, with the ratings of people who agreed that a model may learn from them:

    {"version": 1, "study": "9f2c…",           the hash of the study's plan
     "item": "i-3", "id": "t-17",              codes of post and text, made anew for every file
     "post": "...", "text": "...",
     "draft": "",                              what an improvement model was given for the text
     "ratings": [{"rater": "r-2", "panel": "lay", "values": {"empathy": 4}}],
     "consent": {"raters": true, "writers": true}}

Values are 1 to 5, by a key of DIMENSIONS. Where texts were compared side by side there is one value, `preferred`: 1 + 4 times the
share of their comparisons in which this rater took the text (neither counts half).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.schemas import Consent
from training.sources.labelled import LabelledText
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional

VERSION = 1
DIMENSIONS = ("readability", "empathy", "connection", "actionability", "safety", "preferred")


def read(reading: Reading) -> Iterator[LabelledText]:
    """A record is a text."""

    def make(_number: int, told: Told) -> LabelledText:
        if told.get("version") != VERSION:
            raise Refusal("another version of the export")
        id, study, item = needed(told, "id"), needed(told, "study"), needed(told, "item")
        agreed = told.get("consent") == {"raters": True, "writers": True}
        ratings = _ratings(told.get("ratings"))
        return LabelledText(
            id=f"study-{study[:12]}-{id}",
            text=needed(told, "text"),
            origin=reading.origin(id, consent=Consent.GIVEN if agreed else Consent.NONE),
            group=f"study-{study[:12]}-{item}",
            labels=_means(ratings),
            context=needed(told, "post"),
            draft=optional(told, "draft"),
            ratings=ratings,
        )

    for path in reading.files(".jsonl"):
        yield from reading.made(reading.json_lines(path), make)


def _ratings(told: Any) -> dict[str, dict[str, float]]:
    try:
        ratings = {one["rater"]: {name: float(value) for name, value in one["values"].items()} for one in told}
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Refusal("ratings that are none") from error
    values = [(name, value) for one in ratings.values() for name, value in one.items()]
    if not values or not all(name in DIMENSIONS and 1 <= value <= 5 for name, value in values):
        raise Refusal("ratings that are none")
    return ratings


def _means(ratings: dict[str, dict[str, float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one in ratings.values():
        for name, value in one.items():
            found.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in found.items()}


SOURCE = Source("study", "study", LabelledText, read, licence="own")
