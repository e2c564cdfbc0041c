"""What a draft holds, told at once and without a model: present or not yet, in words, never a score.

For the writer alone: nothing of it is shown to anybody else. Which mechanisms a sent reply held is kept for its author, unless
they switched that off (assistant/growth.py). The three mechanisms of empathy are those of
EPITOME (Sharma et al., EMNLP 2020), found by wording; docs/writing.md says how far people agree.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import inf
from pathlib import Path

from assistant.changes import sentences_in
from assistant.language.questions import questions_in
from assistant.language.reading_level import coleman_liau
from assistant.safety.english import is_english
from assistant.safety.phases.support import Element, Support
from assistant.safety.types import Context, Kind
from assistant.translatable import gettext_noop

WORDING = Path(__file__).with_suffix(".toml")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
OPEN = re.compile(r"^\W*(?:(?:and|so|but|also|then)\W+)?(?:what|how|when|where|who|which|why)\b", re.IGNORECASE)
LEAST_WORDS = 10  # below, one long word makes a reading level
BANDS = (
    (6.0, gettext_noop("easy")),
    (9.0, gettext_noop("plain")),
    (12.0, gettext_noop("some effort")),
    (inf, gettext_noop("hard")),
)
SHORT = 12  # words
LONG, LONG_RATIO = 120, 1.5  # words, and how often the words of the post
EARLY = 2  # sentences in which advice is early
OWN_LIFE = 2  # words like "I" and "my" in which something of an own life is told
YES, NOT_YET, NO = gettext_noop("yes"), gettext_noop("not yet"), gettext_noop("no")


class Mechanism(StrEnum):
    REACTIONS = "reactions"
    INTERPRETATIONS = "interpretations"
    EXPLORATIONS = "explorations"


LABELS = {
    Mechanism.REACTIONS: gettext_noop("Says what moves you"),
    Mechanism.INTERPRETATIONS: gettext_noop("Shows understanding"),
    Mechanism.EXPLORATIONS: gettext_noop("Invites more"),
}


@dataclass(frozen=True, slots=True)
class Meter:
    code: str
    label: str
    value: str
    stands_out: bool = False  # shown stronger: it is there, or it is worth a thought


def measure(text: str, *, post: str, language: str = "en", country: str = "", at_risk: bool = False) -> list[Meter]:
    """Of a draft; of none nothing. Wording is looked for in English; of other languages only what needs no words is told.

    `at_risk`: the post asks for a plain question about the danger.
    """
    if not text.strip():
        return []
    if not is_english(language):
        return [_question(text), _length(text, post)]
    found = mechanisms_in(text)
    elements = _elements(text, language=language, country=country)
    risk = [_there("risk", gettext_noop("Asked about the risk"), Element.ASKED in elements)] if at_risk else []
    return [
        *(_there(one.value, label, one in found) for one, label in LABELS.items()),
        _question(text),
        *risk,
        _advice(text),
        _there("resource", gettext_noop("Names who can help"), Element.RESOURCE in elements, missing=NO),
        _reading(text),
        _length(text, post),
    ]


def mechanisms_in(text: str) -> frozenset[Mechanism]:
    found = {one for one in Mechanism if _says(one)(text)}
    if len(_own_life()(text)) >= OWN_LIFE:
        found.add(Mechanism.INTERPRETATIONS)
    if asks(text):
        found.add(Mechanism.EXPLORATIONS)
    return frozenset(found)


def asks(text: str) -> bool:
    """Whether there is a question in it; a lone "Really?" is none."""
    return bool(questions_in(text))


def asks_openly(text: str) -> bool:
    return any(OPEN.match(one) for one in questions_in(text))


def advises(text: str) -> bool:
    return _says("advice")(text)


def advice_comes_first(text: str) -> bool:
    """Whether advice is given near the beginning and before anything that was felt or understood."""
    for sentence in sentences_in(text)[:EARLY]:
        if mechanisms_in(sentence) & {Mechanism.REACTIONS, Mechanism.INTERPRETATIONS}:
            return False
        if advises(sentence) and not asks(sentence):
            return True
    return False


def names_a_resource(text: str, *, language: str = "en", country: str = "") -> bool:
    """A helpline or an emergency service, as the safety layer understands it."""
    return Element.RESOURCE in _elements(text, language=language, country=country)


def grade_of(text: str) -> float | None:
    """Coleman-Liau; None for a text too short for it."""
    words = WORD.findall(text)
    if len(words) < LEAST_WORDS:
        return None
    letters = sum(letter.isalnum() for word in words for letter in word)
    return coleman_liau(letters=letters, words=len(words), sentences=max(1, len(sentences_in(text))))


def band_of(grade: float) -> str:
    return next(band for most, band in BANDS if grade < most)


# One meter each


def _there(code: str, label: str, present: bool, *, missing: str = NOT_YET) -> Meter:
    return Meter(code, label, YES if present else missing, stands_out=present)


def _question(text: str) -> Meter:
    kind = gettext_noop("open") if asks_openly(text) else gettext_noop("closed")
    return Meter("question", gettext_noop("Asks a question"), kind if asks(text) else NOT_YET, stands_out=asks(text))


def _advice(text: str) -> Meter:
    if advice_comes_first(text):
        return Meter("advice", gettext_noop("Advice"), gettext_noop("comes early"), stands_out=True)
    return Meter(
        "advice", gettext_noop("Advice"), gettext_noop("after listening") if advises(text) else gettext_noop("none")
    )


def _reading(text: str) -> Meter:
    grade = grade_of(text)
    band = gettext_noop("too short to tell") if grade is None else band_of(grade)
    return Meter("reading", gettext_noop("Reading"), band, stands_out=grade is not None and grade >= BANDS[-2][0])


def _length(text: str, post: str) -> Meter:
    own, theirs = len(text.split()), len(post.split())
    if own < SHORT:
        return Meter("length", gettext_noop("Length"), gettext_noop("very short"), stands_out=True)
    if own > LONG and own > LONG_RATIO * theirs:
        return Meter("length", gettext_noop("Length"), gettext_noop("longer than the post"), stands_out=True)
    return Meter("length", gettext_noop("Length"), gettext_noop("fits the post"))


def _elements(text: str, *, language: str, country: str) -> frozenset[Element]:
    """What the safety layer finds of what a reply in danger should hold."""
    return _support().elements_in(text, Context(kind=Kind.REPLY, language=language, country=country))


# Wording


@cache
def _says(what: str) -> Callable[[str], bool]:
    pattern = re.compile(rf"\b(?:{'|'.join(_phrases(what))})\b", re.IGNORECASE)
    return lambda text: pattern.search(text.replace("’", "'")) is not None


@cache
def _own_life() -> Callable[[str], list[str]]:
    pattern = re.compile(rf"\b(?:{_wording()['interpretations']['own']})\b", re.IGNORECASE)
    return lambda text: pattern.findall(text.replace("’", "'"))


def _phrases(what: str) -> Sequence[str]:
    phrases: list[str] = _wording()[what]["phrases"]
    return phrases


@cache
def _wording() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(WORDING.read_text(encoding="utf-8"))


@cache
def _support() -> Support:
    return Support()
