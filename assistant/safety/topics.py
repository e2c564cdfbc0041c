"""What a post is about, as far as its wording tells: topics.toml. For supporters who leave a topic to others; no phase, and no
screening depends on it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.safety.english import is_english
from assistant.safety.phrases import PhraseBook, Step, parse_phrases
from assistant.safety.reading import read
from assistant.safety.spelling import load_spelling
from assistant.safety.types import Level

WORDING = Path(__file__).with_suffix(".toml")
SELF_HARM = "self_harm"  # also of a post whose level says so, in whatever words or language


@dataclass(frozen=True, slots=True)
class Topic:
    code: str
    label: str
    heavy: bool  # reading it counts as heavy though its writer is in no danger


def topics() -> dict[str, Topic]:
    """By code, in the order of the file."""
    return _vocabulary()[0]


def topics_in(text: str, *, language: str = "en", level: Level = Level.NONE) -> list[str]:
    """Codes. Wording is looked for in English alone; in other languages a post has no topic but the one of its level."""
    found = {SELF_HARM} if level > Level.NONE else set()
    known, phrases = _vocabulary()
    if is_english(language):
        found.update(code for code, _match in phrases.find(read(text).words))
    return [code for code in known if code in found]


@cache
def _vocabulary() -> tuple[dict[str, Topic], PhraseBook]:
    table = tomllib.loads(WORDING.read_text(encoding="utf-8"))
    seen: dict[str, Step] = {}
    known, phrases = {}, {}
    for entry in table["topic"]:
        code = entry["code"]
        known[code] = Topic(code, entry["label"], entry.get("heavy", False))
        phrases[code] = [
            phrase for source in entry["phrases"] for phrase in parse_phrases(source, table["groups"], seen)
        ]
    return known, PhraseBook(phrases, load_spelling().fillers)
