"""A word that is none, and a slip of the keyboard away from a word of the lexicons, is read as that word.

Only words that no list knows are touched: "diet" is never "die". Found by what is left when one letter is taken away (SymSpell,
Garbe 2012), so a look-up costs as many steps as the word has letters, however many words the lexicons hold.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from assistant.safety.names import NameLexicon, load_names
from assistant.safety.spelling import LEXICONS, Beside, Spelling, load_spelling

_GROUP = re.compile(r"@\w+")
_ATOM = re.compile(r"[a-z]+\*?")
_VOWELS = frozenset("aeiouy")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_CORE = ("crisis", "methods")
_SHORTEST = 3
_SHORTEST_OF_OTHERS = 6
_SHORTEST_SHORT_FORM = 6
_SHORTEST_JOINED = 5
_LONGEST = 24
_FAR_FROM = 7  # letters: from here on two slips are undone
# The dearest slip that is undone, by the length of the word meant. The shorter a word, the more words lie beside it.
_SWAPPED, _BESIDE, _LETTER, _ANY = 0, 1, 2, 3
_DEAREST = {3: _BESIDE, 4: _LETTER, 5: _LETTER}
_AFTER_EVERY_LETTER = "{"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# An ending, the letters that it stands after, and what the stem may have lost before it.
_ENDINGS = (
    ("s", "abcdefghijklmnopqrtuvwy", ""), ("es", "sxzho", ""), ("ed", _LETTERS, ""), ("d", "e", ""), ("ing", _LETTERS, "e"),
    ("er", _LETTERS, ""), ("ly", _LETTERS, ""), ("ness", _LETTERS, ""),
)  # fmt: skip


def _keyboard() -> frozenset[str]:
    """Pairs of letters whose keys touch. Each row stands half a key to the right of the one above."""
    pairs = set()
    for number, row in enumerate(_ROWS):
        for place, letter in enumerate(row):
            beside = [row[place + 1 : place + 2]]
            if number + 1 < len(_ROWS):
                below = _ROWS[number + 1]
                beside += [below[place : place + 1], below[place - 1 : place] if place else ""]
            for other in filter(None, beside):
                pairs |= {letter + other, other + letter}
    return frozenset(pairs)


_TOUCHING = _keyboard()


class Slips:
    """Made once; answers the same for the same word, so whoever asks often keeps the answers."""

    def __init__(
        self,
        weights: Counter[str],
        core: frozenset[str],
        spelling: Spelling,
        names: NameLexicon,
        foreign: frozenset[str],
    ) -> None:
        self._weights = weights
        self._spelling = spelling
        self._names = names
        self._foreign = foreign
        self._one_lost: dict[str, str] = {}
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for word in weights:
            for key in (word, *_one_less(word)):
                self._one_lost[key] = f"{self._one_lost[key]} {word}" if key in self._one_lost else word
            if len(word) >= _FAR_FROM and word in core:
                self._by_first[word[0]].append(word)
        self._beside = _slips_beside(spelling, names)
        self._by_first[""] = [
            word for word in spelling.watched if len(word) >= _FAR_FROM - 1
        ]  # whatever they begin with
        self._masks = {word: _mask(word) for words in self._by_first.values() for word in words}

    def is_word(self, word: str) -> bool:
        """Any English word, name or usual short form, also inflected."""
        names, spelling = self._names, self._spelling
        return (
            word in self._weights
            or word in names.words
            or word in spelling.meant
            or word in spelling.others
            or word in spelling.glued
            or word in names.cues.slang
            or word in names.first
            or word in names.last
            or word in names.capitals
            or word in self._foreign
            or _is_inflected(word, names.words)
        )

    def meant_by(self, word: str) -> tuple[str, ...] | None:
        """The word of the lexicons that this is a slip of, or two that lack their blank. Asked about words that are none."""
        if not 2 < len(word) <= _LONGEST or not (word.isascii() and word.isalpha()):
            return None
        if word[0] == "i" and len(word) >= _SHORTEST_JOINED and word[1:] in self._weights:
            return ("i", word[1:])
        meant = self._one_meant(word)
        parts = (meant,) if meant else self._cut(word) or ()
        return tuple(part for typed in parts for part in self._spelling.meant.get(typed, (typed,))) or None

    def with_not(self, word: str) -> tuple[str, ...] | None:
        """ "dno't", "do't", without the apostrophe: the short form with "not" that is meant."""
        costs = {other: _cost(word, other) for other in self._near(word) | {word}}
        negated = [
            other for other in costs if other.endswith("nt") and self._spelling.meant.get(other, ("",))[-1] == "not"
        ]
        likeliest = min(negated, key=lambda other: (costs[other] or _SWAPPED, other), default="")
        return self._spelling.meant.get(likeliest)

    def is_beside(self, word: str) -> bool:
        """Whether `beside` knows anything of it."""
        return word in self._beside

    def beside(self, before: tuple[str, ...], word: str, after: tuple[str, ...]) -> str:
        """What is meant after these one or two words and in front of these. The word itself where nothing else is known."""
        for entry in self._beside.get(word, ()):
            if not entry.before.isdisjoint((before[-1:], before[-2:])) or not entry.after.isdisjoint(
                (after[:1], after[:2])
            ):
                return entry.word
        return word

    def join(self, left: str, right: str) -> tuple[str, ...] | None:
        """The word that a blank got into, or the two that it stands one letter too early or too late between."""
        if not (left + right).isalpha():
            return None
        joined = left + right
        if joined in (self._weights if len(joined) >= _SHORTEST_JOINED else self._spelling.watched):
            return (joined,)
        for pair in ((left + right[0], right[1:]), (left[:-1], left[-1] + right)):
            if all(self._is_usual(part) for part in pair) and self._is_better(pair, (left, right)):
                return pair
        return None

    def _is_better(self, pair: tuple[str, str], typed: tuple[str, str]) -> bool:
        """Whether the moved blank explains more than "jumpp in", which is a slip of one word, does as "jump pin"."""
        slipped = [part for part in typed if not self.is_word(part)]
        if len(slipped) == 2 or not all(self._one_meant(part) for part in slipped):
            return True
        return all(part in self._spelling.watched or part in self._spelling.glued for part in pair)

    def _is_usual(self, word: str) -> bool:
        spelling = self._spelling
        return (
            word in self._weights
            or word in spelling.glued
            or not spelling.watched.isdisjoint(spelling.meant.get(word, ()))
        )

    def _cut(self, word: str) -> tuple[str, ...] | None:
        if len(word) < _SHORTEST_JOINED:
            return None
        pairs = [(word[:index], word[index:]) for index in range(1, len(word))]
        whole = [pair for pair in pairs if all(self._is_usual(part) for part in pair)]
        if whole:
            return max(
                whole, key=lambda pair: min(self._weights[part] + 2 * (part in self._spelling.glued) for part in pair)
            )
        for left, right in pairs:
            if (
                left in self._spelling.glued
                and len(right) > 3
                and (meant := self._one_meant(right)) in self._spelling.watched
            ):
                return (left, meant)
            if (
                right in self._spelling.glued
                and len(left) > 3
                and (meant := self._one_meant(left)) in self._spelling.watched
            ):
                return (meant, right)
        return None

    def _one_meant(self, word: str) -> str | None:
        near = {other: cost for other in self._near(word) if (cost := _cost(word, other)) is not None}
        if not near and len(word) >= _FAR_FROM - 1:
            near = dict.fromkeys(self._far(word), _ANY)
        return self._likeliest(near)

    def _likeliest(self, near: Mapping[str, int]) -> str | None:
        """Few slips of a rare word against many of a frequent one; None where neither is likelier."""
        likely = {word: self._weights[word] / 4**cost for word, cost in near.items()}
        most = max(likely.values(), default=0)
        best = [word for word, likelihood in likely.items() if likelihood == most]
        return best[0] if len(best) == 1 else None

    def _near(self, word: str) -> set[str]:
        return {other for key in (word, *_one_less(word)) for other in self._one_lost.get(key, "").split()}

    def _far(self, word: str) -> Iterator[str]:
        mask = _mask(word)
        for other in {*self._by_first.get(word[0], ()), *self._by_first[""]}:
            if (
                abs(len(other) - len(word)) <= 2
                and (self._masks[other] ^ mask).bit_count() <= 4
                and _is_within_two(word, other)
            ):
                yield other


def _one_less(word: str) -> set[str]:
    return {word[:index] + word[index + 1 :] for index in range(len(word))}


def _mask(word: str) -> int:
    """Which letters occur. Two slips change at most four of them."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 31)
    return mask


def _is_inflected(word: str, words: frozenset[str]) -> bool:
    """Regular forms: the list has few of them. The letters before the ending tell "baked" from "thingd"."""
    return any(
        word.endswith(ending)
        and len(stem := word.removesuffix(ending)) >= 3
        and stem[-1] in after
        and {stem, stem + mute} & words
        for ending, after, mute in _ENDINGS
    )


def _cost(typed: str, meant: str) -> int | None:
    """How unlikely this one slip is; None when there is none or more than one, or it is dearer than so short a word allows."""
    start, most = 0, min(len(typed), len(meant))
    while start < most and typed[start] == meant[start]:
        start += 1
    end = 0
    while end < most - start and typed[-1 - end] == meant[-1 - end]:
        end += 1
    cost = _cost_of(typed, meant, start, typed[start : len(typed) - end], meant[start : len(meant) - end])
    if cost is None or cost > _DEAREST.get(len(meant), _ANY):
        return None
    if start == 0 and cost > _BESIDE and len(meant) < _FAR_FROM - 1:
        return None
    return cost


def _cost_of(typed: str, meant: str, start: int, had: str, wanted: str) -> int | None:
    match len(had), len(wanted):
        case 2, 2 if had == wanted[::-1]:
            return _SWAPPED
        case 0, 1:
            doubled = wanted in (meant[start - 1 : start], meant[start + 1 : start + 2])
            return _SWAPPED if doubled else _LETTER
        case 1, 0:
            around = (typed[start - 1 : start], typed[start + 1 : start + 2])
            if had in around:
                return _SWAPPED
            return _BESIDE if any(had + other in _TOUCHING for other in around) else _ANY
        case 1, 1:
            if had + wanted in _TOUCHING:
                return _BESIDE
            return _LETTER if had in _VOWELS and wanted in _VOWELS else _ANY
        case _:
            return None


def _is_within_two(typed: str, meant: str) -> bool:
    """At most two letters lost, added, mistyped or swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for down, letter in enumerate(typed, 1):
        above, row = row, [down]
        for across, other in enumerate(meant, 1):
            best = min(above[across] + 1, row[-1] + 1, above[across - 1] + (letter != other))
            if before and across > 1 and letter == meant[across - 2] and typed[down - 2] == other:
                best = min(best, before[across - 2] + 1)
            row.append(best)
        if min(row) > 2:
            return False
        before = above
    return row[-1] <= 2


@cache
def load_slips() -> Slips:
    """Raises when a list is missing or broken; a phase that reads words then fails, and the pipeline holds."""
    spelling, names = load_spelling(), load_names()
    everyday = sorted(names.common)
    words = {path.stem: list(_words_of(path, everyday)) for path in sorted(LEXICONS.glob("*.toml"))}
    core = spelling.watched.union(*(words[name] for name in _CORE))
    weights = Counter(word for of_lexicon in (spelling.watched, *words.values()) for word in of_lexicon)
    # The short words of other lexicons lie beside too many names and short forms.
    known = {word: weight for word, weight in weights.items() if word in core or len(word) >= _SHORTEST_OF_OTHERS}
    known = {word: weight for word, weight in known.items() if len(word) >= _SHORTEST and word not in spelling.meant}
    # Short forms are slipped in as well. What they stand for is looked up afterwards.
    known |= {typed: 1 for typed in spelling.meant if len(typed) >= _SHORTEST_SHORT_FORM and typed.isalpha()}
    known |= {
        typed: 10
        for typed, words in spelling.meant.items()
        if typed.endswith("nt") and words[-1] == "not" and len(typed) > 3
    }
    foreign = tomllib.loads((LEXICONS / "english.toml").read_text(encoding="utf-8"))["foreign"]
    return Slips(Counter(known), core, spelling, names, frozenset(foreign.split()))


def _words_of(lexicon: Path, everyday: list[str]) -> Iterator[str]:
    for atom in _atoms(tomllib.loads(lexicon.read_text(encoding="utf-8"))):
        if atom.endswith("*"):  # it stands for the everyday words that begin so
            begin = atom.removesuffix("*")
            yield from everyday[bisect_left(everyday, begin) : bisect_left(everyday, begin + _AFTER_EVERY_LETTER)]
        else:
            yield atom


def _slips_beside(spelling: Spelling, names: NameLexicon) -> dict[str, list[Beside]]:
    found: dict[str, list[Beside]] = defaultdict(list)
    everyday = names.common | names.cues.slang | spelling.meant.keys() | spelling.others
    for entry in spelling.beside:
        slips = {slip for slip in _one_slip_away(entry.word) if not (slip in everyday or names.is_name(slip))}
        for typed in (entry.typed | slips) - {entry.word}:
            found[typed].append(entry)
    return dict(found)


def _one_slip_away(word: str) -> set[str]:
    """One letter lost, doubled, swapped, or the key beside it."""
    cuts = [(word[:index], word[index:]) for index in range(len(word))]
    lost = {left + right[1:] for left, right in cuts}
    doubled = {left + right[0] + right for left, right in cuts}
    swapped = {left + right[1::-1] + right[2:] for left, right in cuts if len(right) > 1}
    beside = {left + other + right[1:] for left, right in cuts for other in _LETTERS if right[0] + other in _TOUCHING}
    return {slip for slip in lost | doubled | swapped | beside if len(slip) > 1}


def _atoms(table: dict[str, Any]) -> Iterator[str]:
    sources: list[str] = [member for group in table.get("groups", {}).values() for member in group]
    for rule in table.get("rule", ()):
        sources += [*rule["phrases"], *rule.get("except", ())]
    for source in sources:
        yield from _ATOM.findall(_GROUP.sub(" ", source))
