"""Words by which English is told from what is not: lexicons/english.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from assistant.safety.reading import Reading, read
from assistant.safety.spelling import LEXICONS
from assistant.safety.words import Word, sentences

_SENTENCE = 3  # words: less can be a name or a sigh


@dataclass(frozen=True, eq=False)
class Words:
    english: frozenset[str]
    foreign: frozenset[str]


def is_english(language: str) -> bool:
    """`language`: BCP 47."""
    return language.partition("-")[0].casefold() == "en"


@cache
def load_english() -> Words:
    """Raises when the list is missing; the phases that need it are then missing too, which holds."""
    table = tomllib.loads((LEXICONS / "english.toml").read_text(encoding="utf-8"))
    english = {word for raw in table["english"].split() for word in (raw, *(part.text for part in read(raw).words))}
    return Words(frozenset(english), frozenset(table["foreign"].split()) - english)


def typed(reading: Reading, word: Word) -> str:
    """As it was typed: mending slips makes English words of what is none. Short forms are opened all the same."""
    raw = reading.plain.text[word.start : word.end]
    return word.text if "'" in raw else raw


def not_english(reading: Reading) -> list[tuple[int, int]]:
    """Sentences of some words without one that English does not do without, or with more that other languages have."""
    known = load_english()
    found = []
    for first, last in sentences(reading.words):
        words = [typed(reading, word) for word in reading.words[first:last]]
        english = sum(word in known.english for word in words)
        foreign = sum(word in known.foreign for word in words)
        if len(words) >= _SENTENCE and (not english or (foreign >= 2 and foreign > english)):
            found.append((first, last))
    return found
