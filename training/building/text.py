"""Words as the building of examples counts them. English only. Other words or stems here build other data."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
ENDINGS = re.compile(r"(?:'s|’s|ing|edly|ed|ies|es|s|ly|er|e|y)$")


@cache
def phrases() -> dict[str, Any]:
    text = resources.files("training.building").joinpath("phrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def common() -> frozenset[str]:
    """Said about anything: sharing one of these with the post shows nothing."""
    return frozenset(phrases()["common"].split())


def words(text: str) -> list[str]:
    return WORD.findall(text)


def content(text: str) -> frozenset[str]:
    """Stems of the words that say what a text is about."""
    found = (word.lower().replace("’", "'") for word in WORD.findall(text))
    return frozenset(
        stem(word)
        for word in found
        if len(word) > 2 and "'" not in word and word not in ENGLISH_STOP_WORDS and word not in common()
    )


def stem(word: str) -> str:
    """Crude, and the same on both sides: "crying" and "cry" meet, and so may two words that are none of each other's."""
    short = ENDINGS.sub("", word)
    return short if len(short) > 2 else word


def capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def join(parts: list[str]) -> str:
    return " ".join(part.strip() for part in parts if part.strip())
