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
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """Compared by identity: the same piece of the same lexicon is the same choice, see `parse_phrases`."""

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


class Matches:
    """Of one rule, as `PhraseBook.find` gives them: from left to right, and none reaches into the next."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def add(self, match: Match) -> None:
        self._firsts.append(match.first)
        self._lasts.append(match.last)

    def overlap(self, match: Match) -> bool:
        """Whether one of them does."""
        begun = bisect_left(self._firsts, match.last)  # how many begin before it is over
        return begun > 0 and self._lasts[begun - 1] > match.first

    def contain(self, match: Match) -> bool:
        """Whether one of them does."""
        begun = bisect_right(self._firsts, match.first)
        return begun > 0 and self._lasts[begun - 1] >= match.last


def by_rule(found: Iterable[tuple[str, Match]]) -> dict[str, Matches]:
    matches: dict[str, Matches] = {}
    for name, match in found:
        matches.setdefault(name, Matches()).add(match)
    return matches


def parse_phrases(source: str, groups: Mapping[str, Sequence[str]], known: dict[str, Step]) -> list[Phrase]:
    """One phrase, or several where words may be missing. `known` keeps the pieces that a lexicon uses again."""
    parts: list[list[Step | None]] = []
    for piece in _PIECE.findall(source):
        optional = piece.endswith("?")
        plain = piece.removesuffix("?")
        step = known.setdefault(plain, _parse_piece(plain, groups, source))
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
    """Phrases, each under the name of its rule."""

    def __init__(self, phrases: Mapping[str, Sequence[Phrase]], fillers: frozenset[str]) -> None:
        self._fillers = fillers
        self._phrases = [(name, phrase) for name, of_rule in phrases.items() for phrase in of_rule]

    def find(self, words: Sequence[Word]) -> Iterator[tuple[str, Match]]:
        """Every rule's matches from left to right; of overlapping ones of the same rule the first, at its longest."""
        starting = self._possible_by_first_word({word.text for word in words})
        covered: dict[str, int] = {}
        for index, word in enumerate(words):
            longest: dict[str, int] = {}
            for name, steps in starting.get(word.text, ()):
                if covered.get(name, 0) > index:
                    continue
                end = self._end(steps, words, index)
                if end > longest.get(name, index):
                    longest[name] = end
            for name, end in longest.items():
                covered[name] = end
                yield name, Match(index, end)

    def _possible_by_first_word(self, vocabulary: set[str]) -> dict[str, list[tuple[str, list[_Reduced | Gap]]]]:
        """The phrases whose words all occur somewhere in the text: of hundreds, a handful."""
        reduced: dict[Choice, _Reduced] = {}
        starting: dict[str, list[tuple[str, list[_Reduced | Gap]]]] = {}
        for name, phrase in self._phrases:
            steps: list[_Reduced | Gap] = []
            for step in phrase:
                if isinstance(step, Choice):
                    if step not in reduced:
                        reduced[step] = _reduce(step, vocabulary)
                    if not reduced[step]:
                        break
                    steps.append(reduced[step])
                else:
                    steps.append(step)
            else:
                for first in reduced[phrase[0]] if isinstance(phrase[0], Choice) else ():
                    starting.setdefault(first, []).append((name, steps))
        return starting

    def _end(self, steps: Sequence[_Reduced | Gap], words: Sequence[Word], first: int) -> int:
        """Where the longest match from here ends; `first` when there is none. Walks all readings side by side."""
        positions = {first}
        for number, step in enumerate(steps):
            reached: set[int] = set()
            for position in positions:
                if isinstance(step, Gap):
                    reached.update(_gap_ends(words, position, step.words))
                    continue
                _add_choice_ends(reached, step, words, position)
                if number:
                    for begin in self._after_fillers(words, position):
                        _add_choice_ends(reached, step, words, begin)
            if not reached:
                return first
            positions = reached
        return max(positions)

    def _after_fillers(self, words: Sequence[Word], position: int) -> Iterator[int]:
        for index in range(position, min(position + _FILLERS_IN_A_ROW, len(words))):
            if words[index].text not in self._fillers:
                return
            yield index + 1


# What of a choice can occur in a text: first word to the atoms that may follow it.
_Reduced = dict[str, list[Atoms]]


def _reduce(choice: Choice, vocabulary: set[str]) -> _Reduced:
    reduced: _Reduced = {}
    for first, *rest in choice.options:
        if all(atom in vocabulary or _is_open(atom) for atom in rest):
            fitting = [word for word in vocabulary if _fits(first, word)] if _is_open(first) else [first]
            for word in fitting:
                if word in vocabulary:
                    reduced.setdefault(word, []).append(tuple(rest))
    return reduced


def _is_open(atom: str) -> bool:
    return atom == "#" or atom.endswith("*")


def _gap_ends(words: Sequence[Word], position: int, most: int) -> Iterator[int]:
    yield position
    sentence = words[position - 1].sentence
    for end in range(position + 1, min(position + most, len(words) - 1) + 1):
        if words[end].sentence != sentence or words[end - 1].text in _NEVER_IN_A_GAP:
            return
        yield end


def _add_choice_ends(reached: set[int], step: _Reduced, words: Sequence[Word], begin: int) -> None:
    if begin >= len(words):
        return
    for rest in step.get(words[begin].text, ()):
        end = begin + 1 + len(rest)
        if end <= len(words) and all(_fits(atom, words[begin + 1 + at].text) for at, atom in enumerate(rest)):
            reached.add(end)
