"""Finds names of people: by lists of names, by what stands around them, and by what is no English word.

A name that is also a word ("hope", "will") needs a capital or a cue. Finds many places and companies too, and misses
names in unusual positions: it is for taking names out, not for knowing who somebody is.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from assistant.safety.spelling import LEXICONS, load_spelling
from assistant.safety.wordlist import WordListError, fold, read_lists

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u200b-\u200d\u00ad])*(?:['’`\-][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’`]s?$")
_LONGEST = 40
_SENTENCE_END = re.compile(r"[.!?:;\n\r\"“”«»()\[\]*>•|]")
_NEVER = frozenset(
    """my an in on it he she they we you i the this that else ever no yes oh ah so is was are be if of or and but not at to me
    him her his its our their your who what when where why how there here people everyone somebody nobody""".split()  # noqa: SIM905
)
_SHORT_TITLES = frozenset({"mr", "mrs", "ms", "mx", "dr", "prof", "rev", "fr", "sr", "st", "capt", "sgt", "lt"})
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
_INNER_CAPITAL_NAME = re.compile(r"(?:Mc|Mac|O['’]|De|Di|Du|La|Le|Van|Fitz|D['’]|L['’])")


@dataclass(frozen=True, slots=True)
class Cues:
    titles: frozenset[str]
    calls: frozenset[str]
    greetings: frozenset[str]
    relations: frozenset[str]
    verbs: frozenset[str]
    before: frozenset[str]
    particles: frozenset[str]
    place_words: frozenset[str]
    organisations: frozenset[str]
    others: frozenset[str]
    slang: frozenset[str]
    names_first: frozenset[str]
    things: frozenset[str]


@dataclass(frozen=True, slots=True)
class NameLexicon:
    english: frozenset[str]  # first names usual in English-speaking countries
    first: frozenset[str]  # first names, all
    last: frozenset[str]
    common: frozenset[str]  # everyday English words
    words: frozenset[str]  # all English words
    capitals: frozenset[str]  # written with a capital and no name: places, peoples, brands
    cues: Cues = field(hash=False)

    def is_word(self, folded: str) -> bool:
        """Inflected forms count: the list has few of them."""
        if folded in self.words or folded in self.cues.slang:
            return True
        stem, mark, ending = folded.partition("'")
        if mark and stem in self.words and ending in ("re", "ve", "ll", "d", "m", "t", "s"):
            return True
        if self.is_name(folded):
            return False
        return any(
            folded.endswith(ending) and len(folded) - len(ending) >= 3 and folded[: -len(ending)] in self.words
            for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "ness")
        )

    def is_name(self, folded: str) -> bool:
        return folded in self.first or folded in self.last


@cache
def load_names() -> NameLexicon:
    """Raises when a list is missing or broken; the phase that needs it is then missing, which holds."""
    names, words = read_lists(LEXICONS / "names.txt"), read_lists(LEXICONS / "vocabulary.txt")
    try:
        table: dict[str, Any] = tomllib.loads((LEXICONS / "name_cues.toml").read_text(encoding="utf-8"))
        cues = Cues(**{name: frozenset(table[name].split()) for name in Cues.__dataclass_fields__})
        common = words["common"] | frozenset(load_spelling().meant)
        return NameLexicon(
            english=names["english"],
            first=names["english"] | names["first"],
            last=names["last"],
            common=common - cues.names_first,
            words=(common | words["words"]) - cues.names_first,
            capitals=words["capitals"] | names["places"] | cues.others,
            cues=cues,
        )
    except (OSError, KeyError, AttributeError, ValueError) as error:
        raise WordListError(f"name_cues.toml: {type(error).__name__}: {error}. Restore the file.") from error


@dataclass(slots=True)
class _Token:
    text: str
    folded: str
    start: int
    end: int  # a possessive is not part of it
    gap: str  # what stands between it and the word before
    opens: bool  # begins a sentence, a line or a quotation
    possessive: bool

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


@dataclass(frozen=True, slots=True)
class Name:
    start: int
    end: int
    words: int  # of one word, or of several: a full name


def find_names(text: str) -> list[Name]:
    return _Search(text, load_names()).names()


class _Search:
    def __init__(self, text: str, lexicon: NameLexicon) -> None:
        self.text = text
        self.lexicon = lexicon
        self.tokens = _split(text)
        shouted = sum(token.text.isupper() and len(token.text) > 1 for token in self.tokens)
        capitals = sum(token.capital and len(token.text) > 1 for token in self.tokens)
        self.shouting = shouted > 3 and shouted * 2 > len(self.tokens)
        # Without any capital, capitals say nothing, and what is no English word is looked at.
        self.flat = self.shouting or not capitals

    def names(self) -> list[Name]:
        marked = [self._is_seed(index) for index in range(len(self.tokens))]
        self._enlist(marked)
        self._extend(marked)
        return list(self._runs(marked))

    def _is_seed(self, index: int) -> bool:
        token = self.tokens[index]
        cues = self.lexicon.cues
        if (
            len(token.text) < 2
            or len(token.text) > _LONGEST
            or token.folded in _NEVER
            or token.folded in cues.organisations
        ):
            return False
        if self._is_called(index):
            return True
        if token.folded in cues.others or _is_acronym(token, self.shouting) or _is_brand(token):
            return False
        if self._belongs_to_organisation(index):
            return False
        if self.flat:
            return self._is_seed_in_flat_text(index)
        return self._is_capital_seed(index) if token.capital else self._is_small_seed(index)

    def _is_called(self, index: int) -> bool:
        """Whether what stands before says that this is a name."""
        token, before, second = self.tokens[index], self._word(index - 1), self._word(index - 2)
        cues = self.lexicon.cues
        if index == 0 or (token.capital is False and not self.flat and token.folded in self.lexicon.words):
            return False
        if "\n" in token.gap and ":" not in token.gap:
            return False
        everyday = token.folded in self.lexicon.common and not (token.capital and not self.flat)
        named = self.lexicon.is_name(token.folded)
        if before in cues.titles and (token.gap == " " or (token.gap == ". " and before in _SHORT_TITLES)):
            return not everyday or named
        if (before == "name" and ":" in token.gap) or before in cues.calls:
            return not everyday or named
        if (before in ("is", "me", "as", "under", "name", "name's", "him", "her") and self._names_within(index)) or (
            before == "called" and second in ("is", "was", "are", "named", "who's", "he's", "she's")
        ):
            return (not everyday or named) and token.folded not in cues.slang and token.gap.strip(" :\"'?.") == ""
        return False

    def _names_within(self, index: int) -> bool:
        """ "... name is", "call me", "named him" close before."""
        nearby = [self._word(at) for at in range(max(0, index - 6), index)]
        if nearby and nearby[-1] in ("me", "him", "her"):
            return len(nearby) > 1 and nearby[-2] in ("call", "calls", "called", "named", "name", "naming")
        if nearby and nearby[-1] == "as":
            return len(nearby) > 1 and nearby[-2] in ("known", "born")
        if nearby and nearby[-1] == "under":
            return not self.lexicon.is_word(self.tokens[index].folded)
        return "name" in nearby or "name's" in nearby or "nickname" in nearby

    def _is_capital_seed(self, index: int) -> bool:
        token, lexicon, before = self.tokens[index], self.lexicon, self._word(index - 1)
        first, last = token.folded in lexicon.first, token.folded in lexicon.last
        everyday = token.folded in lexicon.words
        if token.folded in lexicon.capitals and not (token.folded in lexicon.english and not self._is_placed(index)):
            return False
        if everyday:
            if token.opens:  # "Will you", "Hope all is well": only in front of a family name or with a verb's help
                if token.folded in lexicon.english and token.folded not in lexicon.cues.things:
                    return self._acts(index) or self._stands_alone(index) or self._has_family_name(index)
                return (first or last) and self._has_family_name(index)
            if last and not first and not token.opens and not self._in_title(index):
                return token.folded not in lexicon.common or before in lexicon.cues.before
            return (token.folded in lexicon.english and not self._is_placed(index)) and (
                not self._in_title(index) and (self._has_family_name(index) or before not in ("the", "a", "an", "this"))
            )
        if lexicon.is_word(token.folded) and not first and not last:
            return False
        if first:
            placed = self._is_placed(index) and not (
                before == "at" and token.folded in lexicon.english
            )  # "shouted at Bea"
            return not placed or token.possessive or self._has_family_name(index)
        if self._is_placed(index) and not self._has_family_name(index):
            return False
        if last and not token.opens:
            return True
        if token.opens:
            return (
                last
                or self._acts(index)
                or token.possessive
                or self._has_family_name(index)
                or self._stands_alone(index)
            )
        return not self._in_title(index)

    def _is_small_seed(self, index: int) -> bool:
        """A small letter among capitals: only what is nothing else than a first name, and well known."""
        token = self.tokens[index]
        if token.folded not in self.lexicon.english or self.lexicon.is_word(token.folded) or len(token.folded) < 3:
            return False
        return token.folded not in self.lexicon.capitals

    def _is_seed_in_flat_text(self, index: int) -> bool:
        token, lexicon, before = self.tokens[index], self.lexicon, self._word(index - 1)
        if lexicon.is_word(token.folded) or len(token.folded) < 3:
            everyday = token.folded in lexicon.english and token.folded not in lexicon.cues.slang
            return everyday and token.folded not in lexicon.cues.things and self._has_family_name(index)
        if token.folded in lexicon.capitals and token.folded not in lexicon.english:
            return False
        if token.folded in lexicon.english:
            return True
        if self._is_placed(index):
            return False
        if lexicon.is_name(token.folded) or before in lexicon.cues.relations:
            return True
        alone = token.opens and (self._acts(index) or self._stands_alone(index))
        return alone or token.possessive or before in lexicon.cues.before or before in lexicon.cues.greetings

    def _is_placed(self, index: int) -> bool:
        before = self._word(index - 1)
        return before in self.lexicon.cues.place_words and "," not in self.tokens[index].gap

    def _acts(self, index: int) -> bool:
        return self._word(index + 1) in self.lexicon.cues.verbs and self.tokens[index + 1].gap == " "

    def _stands_alone(self, index: int) -> bool:
        """Addressed or listed: nothing but a mark or a line end comes after it."""
        if index + 1 >= len(self.tokens):
            after = self.text[self.tokens[index].end :].strip()
        else:
            after = self.tokens[index + 1].gap.strip(" ")
        return after[:1] in (",", ":", "\n") or (not after and index + 1 >= len(self.tokens))

    def _has_family_name(self, index: int) -> bool:
        if index + 1 >= len(self.tokens) or self.tokens[index + 1].gap not in (" ", ". "):
            return False
        after = self.tokens[index + 1]
        if not after.capital and not self.flat:
            return False
        if len(after.text) == 1:  # an initial
            return after.text != "I" and index + 2 < len(self.tokens) and self.tokens[index + 2].capital
        return not self.lexicon.is_word(after.folded) or (after.folded in self.lexicon.last and not self.flat)

    def _in_title(self, index: int) -> bool:
        """Part of a headline or a company's name: words with capitals on both sides that are English words."""
        around = [at for at in (index - 1, index + 1) if 0 <= at < len(self.tokens)]
        return any(
            self.tokens[at].capital
            and len(self.tokens[at].text) > 1
            and not self.tokens[at].opens
            and self.tokens[max(at, index)].gap == " "
            and self.tokens[at].folded in self.lexicon.common
            and not self.lexicon.is_name(self.tokens[at].folded)
            for at in around
        )

    def _belongs_to_organisation(self, index: int) -> bool:
        for at in range(index + 1, min(index + 4, len(self.tokens))):
            token = self.tokens[at]
            if token.gap not in (" ", " & ", "-"):
                return False
            if token.folded in self.lexicon.cues.organisations and (token.capital or self.flat):
                return True
            if not token.capital and not self.flat:
                return False
            if self.flat and self.lexicon.is_word(token.folded):
                return False
        return False

    def _enlist(self, marked: list[bool]) -> None:
        """Who stands in a row with a name: "A, B and C"."""
        last = len(self.tokens)
        for steps in (range(last), range(last - 1, -1, -1)):
            for index in steps:
                if not marked[index]:
                    marked[index] = any(marked[at] for at in self._beside(index)) and self._may_be_listed(index)

    def _beside(self, index: int) -> list[int]:
        found = []
        for way in (1, -1):
            at = index + way
            if not 0 <= at < len(self.tokens):
                continue
            if self.tokens[at].folded in ("and", "or") and self.tokens[max(at, index)].gap in (" ", ", "):
                beyond = at + way
                if 0 <= beyond < len(self.tokens) and self.tokens[max(beyond, at)].gap == " ":
                    found.append(beyond)
            elif self.tokens[max(at, index)].gap in (", ", " & "):
                found.append(at)
        return found

    def _may_be_listed(self, index: int) -> bool:
        token, lexicon = self.tokens[index], self.lexicon
        if token.folded in lexicon.capitals or token.folded in lexicon.cues.things or len(token.text) < 2:
            return False
        if not self.flat:
            return token.capital and (lexicon.is_name(token.folded) or not lexicon.is_word(token.folded))
        return lexicon.is_name(token.folded) and token.folded not in lexicon.cues.slang

    def _extend(self, marked: list[bool]) -> None:
        """To the title before, the initials and family names after, and to the others of a list of names."""
        for index in range(len(self.tokens)):
            if marked[index]:
                self._extend_left(marked, index)
            elif index and marked[index - 1] and self._continues(index):
                marked[index] = True
            elif self._is_particle(index) and index and marked[index - 1]:
                end = index + 1
                while end < len(self.tokens) and end - index < 3 and self._is_particle(end):
                    end += 1
                if end < len(self.tokens) and (self.tokens[end].capital or self.flat) and self._continues(end):
                    marked[index : end + 1] = [True] * (end + 1 - index)

    def _extend_left(self, marked: list[bool], index: int) -> None:
        at = index
        while at and not marked[at - 1]:
            before, gap = self.tokens[at - 1], self.tokens[at].gap
            is_title = before.folded in self.lexicon.cues.titles and (
                gap == " " or (gap == ". " and before.folded in _SHORT_TITLES)
            )
            if is_title and (before.capital or self.flat or gap == ". "):
                marked[at - 1] = True
                return
            initial = len(before.text) == 1 and before.capital and before.text != "I" and gap in (". ", ".", " ")
            joins = gap == " " and before.capital and not self.flat and not self.lexicon.is_word(before.folded)
            known = before.folded not in self.lexicon.capitals and before.folded not in self.lexicon.cues.organisations
            if not initial and not (joins and known):
                return
            at -= 1
            marked[at] = True

    def _continues(self, index: int) -> bool:
        """Whether this word goes on with the name before it."""
        token, lexicon = self.tokens[index], self.lexicon
        if token.gap not in (" ", ". ", "-", ".", "  ") or token.folded in lexicon.cues.organisations:
            return False
        if len(token.text) == 1:
            after = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
            return token.capital and token.text != "I" and (after is None or after.capital or after.gap != " ")
        if token.folded in lexicon.cues.others:
            return False
        if token.gap.startswith(".") and len(self.tokens[index - 1].text) > 3:
            return False
        if self.flat:
            return not lexicon.is_word(token.folded) or (
                token.folded in lexicon.last and self._word(index + 1) in lexicon.cues.verbs
            )
        if not token.capital:
            return False
        return token.folded not in lexicon.common or lexicon.is_name(token.folded)

    def _is_particle(self, index: int) -> bool:
        return self.tokens[index].folded in self.lexicon.cues.particles and self.tokens[index].gap == " "

    def _runs(self, marked: list[bool]) -> list[Name]:
        names: list[Name] = []
        index = 0
        while index < len(self.tokens):
            if not marked[index]:
                index += 1
                continue
            end = index + 1
            while end < len(self.tokens) and marked[end] and _joins(self.tokens[end].gap, self.tokens[end - 1]):
                end += 1
            names.append(Name(self.tokens[index].start, self.tokens[end - 1].end, end - index))
            index = end
        return names

    def _word(self, index: int) -> str:
        return self.tokens[index].folded if 0 <= index < len(self.tokens) else ""


def _joins(gap: str, before: _Token) -> bool:
    return gap in (" ", "-", "  ") or (gap in (". ", ".") and len(before.text) <= 4)


def _split(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    before = 0
    for match in _WORD.finditer(text):
        word = match[0]
        bare = _POSSESSIVE.sub("", word)
        end = match.start() + len(bare)
        gap = text[before : match.start()]
        opens = not tokens or _SENTENCE_END.search(gap) is not None
        if tokens and gap in (". ", ".") and (tokens[-1].folded in _SHORT_TITLES or len(tokens[-1].text) == 1):
            opens = False
        tokens.append(_Token(bare, fold(bare[:_LONGEST]), match.start(), end, gap, opens, len(bare) < len(word)))
        before = match.end()
    return tokens


def _is_acronym(token: _Token, shouting: bool) -> bool:
    return not shouting and len(token.text) > 1 and token.text.isupper() and len(token.text) < 6


def _is_brand(token: _Token) -> bool:
    return _INNER_CAPITAL.search(token.text) is not None and _INNER_CAPITAL_NAME.match(token.text) is None
