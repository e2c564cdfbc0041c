"""Who somebody is, made one word, so that a model cannot judge by it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache

from assistant.safety.names import load_names
from assistant.safety.spelling import LEXICONS
from assistant.safety.wordlist import fold

SOMEBODY = "somebody"
NUMBER = "#"
_ANYBODY = frozenset({"person", "people", "human", "humans", "someone", "somebody"})  # "a deaf person" is somebody


class IdentitiesError(ValueError):
    """The list is missing or broken: a model that needs it would see who somebody is, and must not be asked."""


@cache
def load_identities() -> frozenset[str]:
    """Raises IdentitiesError."""
    try:
        table = tomllib.loads((LEXICONS / "identities.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise IdentitiesError(f"identities.toml: cannot be read ({type(error).__name__}). Restore the file.") from error
    return frozenset(word for words in table.values() if isinstance(words, list) for word in words)


def blinded(words: Iterable[str]) -> list[str]:
    """Names and words for who somebody is become one word, several in a row too; so do numbers, each by itself."""
    kept: list[str] = []
    for word in words:
        text = _blind(word)
        if text != SOMEBODY or kept[-1:] != [SOMEBODY]:
            kept.append(text)
    return kept


# Single words, not texts: what stays here says nothing about who wrote what.
@lru_cache(maxsize=16384)
def _blind(word: str) -> str:
    if word[0].isdigit():
        return NUMBER
    if word in _ANYBODY or word in load_identities():
        return SOMEBODY
    if word == "an":
        return "a"
    names, folded = load_names(), fold(word)
    return SOMEBODY if names.is_name(folded) and not names.is_word(folded) else word
