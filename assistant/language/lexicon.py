"""How often words of a category stand in a text, by an open list or by a dictionary that somebody owns.

The categories are named as LIWC names them (Pennebaker, Boyd, Jordan and Blackburn, 2015), which is not free: the words here are
our own, so the rates are no LIWC rates. Who owns LIWC gives its .dic file, and the same code counts by it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from assistant.language.function_words import parts_of
from assistant.safety.english import is_english
from assistant.telling import words

OPEN_LIST = Path(__file__).with_suffix(".toml")


class BadDictionary(ValueError):
    """One sentence: the file, the line, and what is expected there."""


class Lexicon:
    """Entries are words, beginnings of words ("friend*") and words side by side ("kind of")."""

    def __init__(self, categories: Mapping[str, Iterable[str]], *, left_out: int = 0) -> None:
        self.names = tuple(categories)
        self.left_out = left_out  # entries that could not be used
        self._words: dict[str, set[str]] = {}
        self._beginnings: dict[str, set[str]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, entries in categories.items():
            for entry in entries:
                self._add(" ".join(entry.casefold().replace("’", "'").split()), name)
        self._longest = max(map(len, self._beginnings), default=0)

    def rates(self, text: str) -> dict[str, float] | None:
        """Percent of the words, by category; None of no words. A short form is found by itself and by what it stands for."""
        said = words(text)
        if not said:
            return None
        found = dict.fromkeys(self.names, 0)
        for place, word in enumerate(said):
            for name in {name for part in {word, *parts_of(word)} for name in self._of_word(part)}:
                found[name] += 1
            for phrase, name in self._phrases.get(word, ()):
                found[name] += tuple(said[place : place + len(phrase)]) == phrase
        return {name: 100 * number / len(said) for name, number in found.items()}

    def _add(self, entry: str, name: str) -> None:
        parts = tuple(entry.split())
        if len(parts) > 1:
            self._phrases.setdefault(parts[0], []).append((parts, name))
        elif entry.endswith("*"):
            self._beginnings.setdefault(entry.removesuffix("*"), set()).add(name)
        else:
            self._words.setdefault(entry, set()).add(name)

    def _of_word(self, word: str) -> set[str]:
        found = set(self._words.get(word, ()))
        for length in range(1, min(len(word), self._longest) + 1):
            found |= self._beginnings.get(word[:length], set())
        return found


@cache
def open_lexicon() -> Lexicon:
    return Lexicon(tomllib.loads(OPEN_LIST.read_text(encoding="utf-8"))["categories"])


def category_rates(text: str, *, language: str = "en") -> dict[str, float] | None:
    """By the open list; None of no words, and in other languages than English."""
    return open_lexicon().rates(text) if is_english(language) else None


# A dictionary that somebody owns

_HEADER = re.compile(r"^\s*%\s*$", re.MULTILINE)


def read_dictionary(path: Path) -> Lexicon:
    """A LIWC dictionary (.dic): between two lines of "%" a number and a name each line, then an entry and its numbers each line.

    Entries that depend on the words around them, such as "(02 134)125/464", are left out and counted. Raises BadDictionary,
    OSError.
    """
    try:
        whole = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        whole = path.read_text(encoding="latin-1")  # as the older ones are
    parts = _HEADER.split(whole, maxsplit=2)
    if len(parts) != 3:
        raise BadDictionary(f"{path}: want the categories between two lines of %.")
    names = dict(_category(path, line) for line in parts[1].splitlines() if line.strip())
    entries: dict[str, list[str]] = {name: [] for name in names.values()}
    left_out = 0
    for line in filter(str.strip, parts[2].splitlines()):
        entry, numbers = _entry(line)
        if "(" in line or "/" in line:
            left_out += 1
            continue
        if not entry or not numbers or not names.keys() >= set(numbers):
            raise BadDictionary(f"{path}: an entry without a category that stands above: want a word and its numbers.")
        for number in numbers:
            entries[names[number]].append(entry)
    return Lexicon(entries, left_out=left_out)


def _category(path: Path, line: str) -> tuple[str, str]:
    number, *name = line.split()
    if not number.isdigit() or not name:
        raise BadDictionary(f"{path}: want a number and a name in each line of the categories.")
    return str(int(number)), name[0]


def _entry(line: str) -> tuple[str, list[str]]:
    """The words, which may hold blanks, and the numbers behind them."""
    pieces = line.split()
    end = len(pieces)
    while end and pieces[end - 1].isdigit():
        end -= 1
    return " ".join(pieces[:end]), [str(int(number)) for number in pieces[end:]]
