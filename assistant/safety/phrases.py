"""A small language for phrases, and a matcher that takes time in proportion to the text whatever the text is.

    kill|end myself     one of several words, then a word
    (do not|never) want one of several, some of them of more than one word
    @want die           a group from the lexicon's [groups], whose members may be several words long
    really? want        a word (or group) that may be missing
    cut ..3 wrists      up to three words of any kind in between, within one sentence
    overdos*            any word that begins so
    # mg                any number

Regular expressions are not used here: a phrase list grows, and one careless pattern would hang the screening.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from assistant.safety.words import Word

_PIECE = re.compile(r"\([^()]*\)\??|[^\s()]+")
_FILLERS_IN_A_ROW = 3
_LONGEST_GAP = 8
# A gap that swallows a "not" would turn a phrase into its opposite.
_NEVER_IN_A_GAP = frozenset({"not", "never", "no"})

Atoms = tuple[str, ...]  # words, word beginnings ("overdos*") or "#", one after the other


class PhraseError(ValueError):
    """A phrase cannot be understood."""


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Atoms, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    words: int


Step = Choice | Gap
Phrase = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Match:
    first: int  # index of the first word
    last: int  # index after the last word

    def overlaps(self, other: Match) -> bool:
        return self.first < other.last and other.first < self.last

    def contains(self, other: Match) -> bool:
        return self.first <= other.first and other.last <= self.last


def parse_phrases(source: str, groups: Mapping[str, Sequence[str]]) -> list[Phrase]:
    """One phrase, or several where words may be missing."""
    parts: list[list[Step | None]] = []
    for piece in _PIECE.findall(source):
        optional = piece.endswith("?")
        step = _parse_piece(piece.removesuffix("?"), groups, source)
        parts.append([step, None] if optional else [step])
    phrases = [tuple(step for step in steps if step is not None) for steps in product(*parts)]
    if not phrases or any(not phrase or not isinstance(phrase[0], Choice) for phrase in phrases):
        raise PhraseError(f"Phrase {source!r}: begin with a word or a group that may not be missing.")
    return phrases


def _parse_piece(piece: str, groups: Mapping[str, Sequence[str]], source: str) -> Step:
    if piece.startswith(".."):
        if not piece[2:].isdigit() or not 1 <= int(piece[2:]) <= _LONGEST_GAP:
            raise PhraseError(f"Phrase {source!r}: a gap is written ..1 to ..{_LONGEST_GAP}, not {piece!r}.")
        return Gap(int(piece[2:]))
    options: list[Atoms] = []
    for option in piece.removeprefix("(").removesuffix(")").split("|"):
        if option.startswith("@"):
            if option[1:] not in groups:
                raise PhraseError(f"Phrase {source!r}: no group {option!r}. Add it to [groups] or write the words.")
            options.extend(tuple(member.split()) for member in groups[option[1:]])
        else:
            options.append(tuple(option.split()))
    if any(not atoms or not all(atoms) for atoms in options):
        raise PhraseError(f"Phrase {source!r}: {piece!r} has an empty choice.")
    return Choice(tuple(options))


def _fits(atom: str, word: str) -> bool:
    if atom == "#":
        return word[0].isdigit()
    if atom.endswith("*"):
        return word.startswith(atom[:-1])
    return atom == word


class PhraseBook:
    """Phrases, each under the name of its rule, found by their first word."""

    def __init__(self, phrases: Mapping[str, Sequence[Phrase]], fillers: frozenset[str]) -> None:
        self._fillers = fillers
        self._by_word: dict[str, list[tuple[str, Phrase]]] = {}
        self._by_beginning: dict[str, list[tuple[str, Phrase]]] = {}
        for name, of_rule in phrases.items():
            for phrase in of_rule:
                self._index(name, phrase)

    def _index(self, name: str, phrase: Phrase) -> None:
        opening = phrase[0]
        assert isinstance(opening, Choice)
        for atom in {atoms[0] for atoms in opening.options}:
            if atom == "#" or atom.endswith("*"):
                self._by_beginning.setdefault(atom, []).append((name, phrase))
            else:
                self._by_word.setdefault(atom, []).append((name, phrase))

    def find(self, words: Sequence[Word]) -> Iterator[tuple[str, Match]]:
        """Every rule's matches from left to right; of overlapping ones of the same rule the first, at its longest."""
        starting: dict[str, list[tuple[str, Phrase]]] = {}
        covered: dict[str, int] = {}
        for index, word in enumerate(words):
            if word.text not in starting:
                starting[word.text] = self._starting_with(word.text)
            longest: dict[str, int] = {}
            for name, phrase in starting[word.text]:
                if covered.get(name, 0) > index:
                    continue
                end = self._end(phrase, words, index)
                if end > longest.get(name, index):
                    longest[name] = end
            for name, end in longest.items():
                covered[name] = end
                yield name, Match(index, end)

    def _starting_with(self, word: str) -> list[tuple[str, Phrase]]:
        found = list(self._by_word.get(word, ()))
        for atom, phrases in self._by_beginning.items():
            if _fits(atom, word):
                found.extend(phrases)
        return found

    def _end(self, phrase: Phrase, words: Sequence[Word], first: int) -> int:
        """Where the longest match from here ends; `first` when there is none. Walks all readings side by side."""
        positions = {first}
        for number, step in enumerate(phrase):
            reached: set[int] = set()
            for position in positions:
                if isinstance(step, Gap):
                    reached.update(_gap_ends(words, position, step.words))
                    continue
                for begin in self._after_fillers(words, position) if number else (position,):
                    reached.update(_choice_ends(step, words, begin))
            if not reached:
                return first
            positions = reached
        return max(positions)

    def _after_fillers(self, words: Sequence[Word], position: int) -> Iterator[int]:
        yield position
        for step in range(_FILLERS_IN_A_ROW):
            if position + step >= len(words) or words[position + step].text not in self._fillers:
                return
            yield position + step + 1


def _gap_ends(words: Sequence[Word], position: int, most: int) -> Iterator[int]:
    yield position
    sentence = words[position - 1].sentence
    for end in range(position + 1, min(position + most, len(words)) + 1):
        if words[end - 1].sentence != sentence or words[end - 1].text in _NEVER_IN_A_GAP:
            return
        yield end


def _choice_ends(choice: Choice, words: Sequence[Word], begin: int) -> Iterator[int]:
    for atoms in choice.options:
        end = begin + len(atoms)
        if end <= len(words) and all(_fits(atom, words[begin + at].text) for at, atom in enumerate(atoms)):
            yield end
