"""Function words: the small ones that say how something is told. Their rates, what an index makes of them, and how far two texts
share them. English and Spanish lists; other languages are not measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from statistics import fmean

from assistant.language.counts import LEAST_WORDS
from assistant.safety.english import is_english
from assistant.safety.words import open_contraction
from assistant.telling import words

LISTS = Path(__file__).with_suffix(".toml")
NEVER_ZERO = 0.0001  # of the formula: two texts without a class do not divide by nothing


class Class(StrEnum):
    ARTICLES = "articles"
    PERSONAL_PRONOUNS = "personal_pronouns"
    IMPERSONAL_PRONOUNS = "impersonal_pronouns"
    AUXILIARY_VERBS = "auxiliary_verbs"
    PREPOSITIONS = "prepositions"
    CONJUNCTIONS = "conjunctions"
    ADVERBS = "adverbs"
    NEGATIONS = "negations"
    QUANTIFIERS = "quantifiers"


@dataclass(frozen=True, slots=True)
class _Lists:
    classes: Mapping[str, Class]
    spelled: Mapping[str, tuple[str, ...]]


def parts_of(word: str, language: str = "en") -> tuple[str, ...]:
    """The word itself, or the words that a short form stands for: "don't" is "do" and "not". `word`: of `telling.words`."""
    return _parts(word, language.partition("-")[0].casefold())


def class_rates(text: str, *, language: str = "en") -> dict[Class, float] | None:
    """Percent of the words. A short form counts for each class that is in it, and once as a word. None for no words, or in a
    language without lists."""
    said, lists = words(text), _lists(language)
    if not said or lists is None:
        return None
    found = dict.fromkeys(Class, 0)
    for word in said:
        for kind in {lists.classes[part] for part in parts_of(word, language) if part in lists.classes}:
            found[kind] += 1
    return {kind: 100 * number / len(said) for kind, number in found.items()}


def categorical_dynamic_index(text: str, *, language: str = "en") -> float | None:
    """30 + articles + prepositions - personal pronouns - impersonal pronouns - auxiliary verbs - conjunctions - adverbs
    - negations, in percent of words (Pennebaker, Chung, Frazee, Lavergne and Beaver, PLoS ONE 9(12), 2014).

    High: things are put in order, as in an essay; low: something is told, as to a friend. Neither is better. It was made for
    English, so no other language has one; nor has a text of fewer than 10 words.
    """
    if not is_english(language) or len(words(text)) < LEAST_WORDS:
        return None
    rates = class_rates(text)
    assert rates is not None
    ordering = rates[Class.ARTICLES] + rates[Class.PREPOSITIONS]
    telling = (
        rates[Class.PERSONAL_PRONOUNS]
        + rates[Class.IMPERSONAL_PRONOUNS]
        + rates[Class.AUXILIARY_VERBS]
        + rates[Class.CONJUNCTIONS]
        + rates[Class.ADVERBS]
        + rates[Class.NEGATIONS]
    )
    return 30 + ordering - telling


def style_accommodation(post: str, reply: str, *, language: str = "en") -> float | None:
    """The mean over the classes of 1 - |a - b| / (a + b + 0.0001), with a and b their rates in post and reply: from 0 to 1.

    Language style matching (Ireland and Pennebaker, Journal of Personality and Social Psychology 99(3), 2010). A class that
    neither has counts as the same, so short texts look more alike than they are; None below 10 words on either side.
    """
    if min(len(words(post)), len(words(reply))) < LEAST_WORDS:
        return None
    theirs, own = class_rates(post, language=language), class_rates(reply, language=language)
    if theirs is None or own is None:
        return None
    return fmean(1 - abs(theirs[kind] - own[kind]) / (theirs[kind] + own[kind] + NEVER_ZERO) for kind in Class)


@lru_cache(maxsize=16384)
def _parts(word: str, language: str) -> tuple[str, ...]:
    lists = _read().get(language)
    if lists and word in lists.spelled:
        return lists.spelled[word]
    if language == "en" and "'" in word:
        return open_contraction(word) or (word.removesuffix("'s"),)
    return (word,)


def _lists(language: str) -> _Lists | None:
    return _read().get(language.partition("-")[0].casefold())


@cache
def _read() -> Mapping[str, _Lists]:
    table = tomllib.loads(LISTS.read_text(encoding="utf-8"))
    return {
        language: _Lists(
            classes={word: kind for kind in Class for word in one[kind].split()},
            spelled={word: tuple(meant.split()) for word, meant in one["spelled"].items()},
        )
        for language, one in table.items()
        if isinstance(one, dict)
    }
