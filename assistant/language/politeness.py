"""Strategies of politeness by their markers, after Danescu-Niculescu-Mizil, Sudhof, Jurafsky, Leskovec and Potts (ACL 2013).

Theirs are 20, found with a parser, and what they lean to was judged for requests among editors and programmers. Ours are 16 of
them, found by wording; the other four (first and second person, positive and negative words) are categories of lexicon.toml. In a
reply to somebody in distress a strategy need not lean as it does there ("How are you now?" is a direct question), so
they are counted, and there is no score.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.changes import sentences_in
from assistant.language.questions import questions_in
from assistant.safety.english import is_english
from assistant.telling import words

MARKERS = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Strategy:
    pattern: re.Pattern[str]
    lean: int  # 1: judged more polite, -1: less
    only_questions: bool

    def is_in(self, sentence: str, *, asks: bool) -> bool:
        return (asks or not self.only_questions) and self.pattern.search(sentence) is not None


def strategies_in(text: str, *, language: str = "en") -> frozenset[str] | None:
    """Those with a marker somewhere in the text; None of no words, and in other languages than English."""
    if not is_english(language) or not words(text):
        return None
    asking = set(questions_in(text))
    said = [(one.replace("’", "'"), one in asking) for one in sentences_in(text)]
    return frozenset(
        name for name, one in strategies().items() if any(one.is_in(sentence, asks=asks) for sentence, asks in said)
    )


def leaning(found: frozenset[str], lean: int) -> int:
    """How many of these strategies lean so."""
    return sum(strategies()[name].lean == lean for name in found)


@cache
def strategies() -> Mapping[str, Strategy]:
    table = tomllib.loads(MARKERS.read_text(encoding="utf-8"))
    return {name: _strategy(one) for name, one in table.items() if isinstance(one, dict)}


def _strategy(one: dict[str, object]) -> Strategy:
    markers, lean = one["markers"], one["lean"]
    assert isinstance(markers, list)
    assert isinstance(lean, int)
    start = r"^\W*" if one.get("at_start") else r"\b"
    pattern = re.compile(rf"{start}(?:{'|'.join(markers)})\b", re.IGNORECASE)
    return Strategy(pattern, lean, only_questions=bool(one.get("asks")))
