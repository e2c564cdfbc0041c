"""Stock sentences: put in by the model, fit for any post, and without a word of this one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from assistant.changes import sentences_in
from assistant.telling import telling, words
from evaluation.revisions.triples import Triple

FILE = Path(__file__).resolve().parents[1] / "data" / "stock.toml"
NEAR = 85  # of 100: two sentences that differ in a letter or a small word
OWN = 0.5  # of the words, in order: a sentence so like one of the draft is that one, reworded
WORDS_AROUND = 3  # of a sentence that holds a whole set phrase
SHORTEST = 2  # words; a shorter phrase or sentence is only compared as a whole
OFTEN = 0.03  # of the other outputs
OFTEN_AT_LEAST = 2  # other outputs, in a short run


def inserted(draft: str, output: str) -> list[str]:
    """The output's sentences that are none of the draft's, not even reworded."""
    own = [words(one) for one in sentences_in(draft)]
    return [
        one
        for one in sentences_in(output)
        if words(one) and all(Indel.normalized_similarity(words(one), mine) < OWN for mine in own)
    ]


def ignoring(triples: Sequence[Triple], outputs: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each triple, by id, the stock sentences in its output that share no telling word with its post."""
    new = {triple.id: inserted(triple.draft, outputs[triple.id]) for triple in triples}
    often = _said_often(new)
    return {
        triple.id: [
            one
            for one in new[triple.id]
            if not telling(one) & telling(triple.post) and (is_set_phrase(one) or _plain(one) in often)
        ]
        for triple in triples
    }


def is_set_phrase(sentence: str) -> bool:
    said = _plain(sentence)
    for phrase in phrases():
        if fuzz.ratio(said, phrase, score_cutoff=NEAR):
            return True
        around = len(said.split()) - len(phrase.split())
        if len(phrase.split()) > SHORTEST and 0 < around <= WORDS_AROUND and f" {phrase} " in f" {said} ":
            return True
    return False


@cache
def phrases() -> tuple[str, ...]:
    return tuple(dict.fromkeys(_plain(one) for one in tomllib.loads(FILE.read_text(encoding="utf-8"))["phrases"]))


def _said_often(new: Mapping[str, Sequence[str]]) -> set[str]:
    """Sentences that stand, nearly so, in that many other outputs of the same run."""
    outputs_with: dict[str, set[int]] = {}
    for number, said in enumerate(new.values()):
        for one in said:
            outputs_with.setdefault(_plain(one), set()).add(number)
    unique = [one for one in outputs_with if one.count(" ") + 1 >= SHORTEST]
    enough = max(OFTEN_AT_LEAST, OFTEN * (len(new) - 1))
    often = set()
    for first in range(0, len(unique), 512):
        block = unique[first : first + 512]
        alike = process.cdist(block, unique, scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.uint8)
        for sentence, scores in zip(block, alike, strict=True):
            there = set().union(*(outputs_with[unique[other]] for other in np.flatnonzero(scores)))
            if len(there) - 1 >= enough:
                often.add(sentence)
    return often


def _plain(sentence: str) -> str:
    return " ".join(words(sentence)).replace("i am ", "i'm ").replace("you are ", "you're ")
