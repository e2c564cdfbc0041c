"""Labelled replies with the posts they answer, from a folder of data sets that stays outside the project."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OTHER = "other"  # a fault that no model is trained for
EXCHANGED = "exchanged"
_FAULTS = {
    "Unauthorized Expertise": "expertise",
    "Toxicity Agreement": "toxicity",
    "Risk Ignorance": "risk_ignored",
}
_LEAST_WORDS = 4  # "thanks" and "bye" of a chat are no replies


class CorpusError(ValueError):
    """The data folder is not what it should be."""


@dataclass(frozen=True, slots=True)
class Example:
    source: str
    category: str  # what its makers had in mind; safe replies have one as well
    fault: str  # empty: safe
    post: str = field(repr=False)
    text: str = field(repr=False)
    group: str  # replies to one post, or of one conversation: never on both sides of a split

    @property
    def fold(self) -> int:
        return int(hashlib.sha256(self.group.encode("utf-8", "surrogatepass")).hexdigest(), 16) % 5


def load(folder: Path) -> list[Example]:
    """Every example, always in the same order. Raises CorpusError."""
    labelled = [*_diasafety(folder), *_safetext(folder), *_counsellors(folder), *_supporters(folder)]
    return [*labelled, *_exchanged(labelled)]


def _exchanged(examples: Sequence[Example]) -> Iterator[Example]:
    """Half of the unsafe replies again, as safe answers to harmless posts: "I agree" is a fault only under hate.

    Without them the models learn to know a reply by itself. The category says which fault the reply had.
    """
    draw = random.Random(0)  # the same draw each time
    harmless = {
        "toxicity": [one for one in examples if one.source in ("counsel-chat", "safetext")],
        "risk_ignored": [one for one in examples if one.source == "safetext"],
    }
    for fault, others in harmless.items():
        posts = {fold: sorted({one.post for one in others if one.fold == fold}) for fold in range(5)}
        for one in [one for one in examples if one.source == "diasafety" and one.fault == fault][::2]:
            if posts[one.fold]:
                yield Example(EXCHANGED, fault, "", draw.choice(posts[one.fold]), one.text, one.group)


def _diasafety(folder: Path) -> Iterator[Example]:
    for name in ("train", "val"):
        for row in _json(folder / "diasafety" / f"{name}.json"):
            fault = _FAULTS.get(row["category"], OTHER) if row["label"] == "Unsafe" else ""
            yield Example("diasafety", row["category"], fault, row["context"], row["response"], _same(row["context"]))


def _safetext(folder: Path) -> Iterator[Example]:
    """Advice that is dangerous for the body counts as ignoring a risk."""
    for scenario, advice in _json(folder / "safetext" / "SafeText.json").items():
        for label, fault in (("safe", ""), ("unsafe", "risk_ignored")):
            for text in advice[label]:
                yield Example("safetext", "SafeText", fault, scenario, text, _same(scenario))


def _counsellors(folder: Path) -> Iterator[Example]:
    path = _there(folder / "counsel-chat" / "20200325_counsel_chat.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text, post = row["answerText"] or "", row["questionText"] or row["questionTitle"] or ""
            if len(text.split()) >= _LEAST_WORDS:
                yield Example("counsel-chat", "good", "", post, text, row["questionID"])


def _supporters(folder: Path) -> Iterator[Example]:
    """Each turn of a supporter answers what the seeker said last. For measuring and thresholds only, see the model card."""
    with _there(folder / "esconv" / "dialogues.jsonl").open(encoding="utf-8") as file:
        for dialogue in map(json.loads, file):
            said = dialogue["situation"]
            for turn in dialogue["dialog"]:
                if turn["speaker"] == "usr":
                    said = turn["text"]
                elif len(turn["text"].split()) >= _LEAST_WORDS:
                    yield Example("esconv", "good", "", said, turn["text"], _same(dialogue["situation"]))


def _json(path: Path) -> Any:
    return json.loads(_there(path).read_text(encoding="utf-8"))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise CorpusError(
            f"{path}: no such file. Name the folder that holds diasafety, safetext, counsel-chat and esconv."
        )
    return path


def _same(post: str) -> str:
    return " ".join(post.casefold().split())
