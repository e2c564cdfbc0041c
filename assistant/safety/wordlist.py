"""Long word lists in little space: sorted, each line without the letters it shares with the line before.

    0anna       anna
    4lisa       annalisa
    2tonia      antonia

A line begins with the number of shared letters in base 36. `[name]` begins a list, `#` a comment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WITHOUT_MARKS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "’": "'", "`": "'"}
)


class WordListError(ValueError):
    """A word list is missing or is not what it should be."""


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """Lower case, without accents: how words stand in the lists."""
    if word.isascii():
        return word.lower()
    unfolded = unicodedata.normalize("NFKD", word.casefold().translate(_WITHOUT_MARKS))
    return "".join(part for part in unfolded if unicodedata.category(part) not in ("Mn", "Me", "Cf"))


def read_lists(path: Path) -> dict[str, frozenset[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name: frozenset(_unfold(of_list)) for name, of_list in _lists(lines)}
    except (OSError, UnicodeError, ValueError) as error:
        raise WordListError(f"{path.name}: cannot be read ({type(error).__name__}). Restore the file.") from error


def _lists(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    name = ""
    of_list: list[str] = []
    for line in lines:
        if line.startswith("["):
            if name:
                yield name, of_list
            name, of_list = line.strip("[]"), []
        elif line and not line.startswith("#"):
            of_list.append(line)
    if not name or not of_list:
        raise ValueError("no list, or an empty one")
    yield name, of_list


def _unfold(lines: Iterable[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        before = before[: int(line[0], 36)] + line[1:]
        yield before


def write_lists(path: Path, comment: str, lists: Mapping[str, Iterable[str]]) -> None:
    lines = [f"# {line}".rstrip() for line in comment.strip().splitlines()]
    for name, words in lists.items():
        lines.append(f"[{name}]")
        before = ""
        for word in sorted(set(words)):
            shared = 0
            while shared < min(len(before), len(word), 35) and before[shared] == word[shared]:
                shared += 1
            lines.append(_DIGITS[shared] + word[shared:])
            before = word
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
