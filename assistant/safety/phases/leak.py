"""What a model gives away or lets itself be told: its prompt, talk about itself, the post copied, other languages, orders obeyed.

The model has no tools, no network and no memory of other cases; what it could misuse is the text that somebody reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from assistant.inference.prompts import EXAMPLES, GENERATE_SYSTEM, IMPROVE_SYSTEM
from assistant.inference.trained_prompts import Goal
from assistant.safety.english import load_english, not_english
from assistant.safety.lexicon import LexiconRule
from assistant.safety.machine import Span, find_hidden, find_mark_words, find_tags
from assistant.safety.phases.injection import Injection
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Severity
from assistant.safety.worded import WordedPhase
from assistant.safety.words import sentences

_HELD = severities(suggestion=Severity.HOLD)
PROMPT = Rule("leak.prompt", "This repeats what the model was told to do.", _HELD)
EXAMPLE = Rule(
    "leak.example", "This repeats an example that the model was shown, as if it were about this person.", _HELD
)
COPIED = Rule("leak.copied", "This copies the post instead of answering it.", _HELD)
OBEYED = Rule("leak.obeyed", "This repeats what an order inside the post or the draft asked for.", _HELD)
OTHER_LANGUAGE = Rule("leak.other_language", "This is not English, and the checks read only English.", _HELD)
MARKS = Rule("leak.marks", "There are signs of a program in this, not words for a person.", _HELD)

_LETTERS_OF_PROMPT = 17  # 25 characters of the prompts hold so many at least
_TELLTALES = 4
_WORDS_OF_EXAMPLE = 7
_WORDS_OF_POST = 8
_WORDS_OF_SENTENCE = 4
_MOST_SAID_BACK = 12  # words of one clause, said back to them
_WORDS_AROUND = 2  # of the writer's own, in the sentence that says it back
_YOU = frozenset({"you", "your", "yours", "you're", "youre", "you've", "youve", "yourself", "u", "ur"})
_WORDS_OF_ORDER = 4
_SENTENCES_OF_ORDER = 3  # after the one in which it stands
_SHORTEST_RARE = 3
# How a turn of a trained model's prompt begins, alone on its line or at the head of one.
_LABEL = re.compile(r"^[ \t]*(?:post|draft|goals|keep|topic)[ \t]*:", re.I | re.M)
_GOAL = re.compile(rf"^[ \t]*(?:{'|'.join(re.escape(goal) for goal in Goal)})[ \t]*$", re.I | re.M)
_LEET = str.maketrans("013457@$!", "oieastasi")


class Leak(WordedPhase):
    name = "leak"

    def __init__(self) -> None:
        super().__init__()
        self.rules = (*self.rules, PROMPT, EXAMPLE, COPIED, OBEYED, OTHER_LANGUAGE, MARKS)
        self._injection = Injection()
        self._goes_on = self.lexicon.subjects["goes_on"]
        self._prompt = _Scaffold((IMPROVE_SYSTEM, GENERATE_SYSTEM), load_english().english)
        shown = [
            text for example in EXAMPLES for text in (example.post, example.draft, example.revision, example.generated)
        ]
        self._examples = frozenset(gram for text in shown for gram in grams(texts_of(read(text)), _WORDS_OF_EXAMPLE))

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        yield from super().check(text, context)
        reading = read(text)
        if self._prompt.is_in(reading):
            yield PROMPT.finding(context.kind)
        for rule, spans in (
            (EXAMPLE, self._find_examples(reading, context)),
            (COPIED, _find_copied(reading, context)),
            (OBEYED, self._find_obeyed(reading, context)),
            (OTHER_LANGUAGE, not_english(reading)),
        ):
            for first, last in islice(spans, 1):
                yield rule.finding(context.kind, *reading.span(first, last))
        for label in (_LABEL, _GOAL):
            if (match := label.search(text)) and not label.search(context.draft):
                yield MARKS.finding(context.kind, *match.span())
        for search in (find_tags(reading.plain), find_mark_words(text), find_hidden(text, a_slip=0)):
            for start, end in islice(search, 1):
                yield MARKS.finding(context.kind, start, end)

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """Who writes about a draft, a prompt or a user is answered in the same words."""
        said = [word.text for word in reading.words[match.first : match.last]]
        own = f" {' '.join(texts_of(read(context.draft)))} "
        return None if f" {' '.join(said)} " in own and not self._has_orders(read(context.draft)) else entry.rule

    def _has_orders(self, reading: Reading) -> bool:
        return next(self._injection.orders(reading.text), None) is not None

    def _find_examples(self, reading: Reading, context: Context) -> Iterator[Span]:
        given = {
            gram for text in (context.post, context.draft) for gram in grams(texts_of(read(text)), _WORDS_OF_EXAMPLE)
        }
        for first, gram in enumerate(grams(texts_of(reading), _WORDS_OF_EXAMPLE)):
            if gram in self._examples and gram not in given:
                yield first, first + _WORDS_OF_EXAMPLE

    def _find_obeyed(self, reading: Reading, context: Context) -> Iterator[Span]:
        """Words of an order, or of what goes on with it, that neither the post nor the draft says elsewhere."""
        ordered: set[str] = set()
        ordered_grams: set[tuple[str, ...]] = set()
        elsewhere: set[str] = set()
        for text in (context.post, context.draft):
            inside = self._sentences_with_orders(text)
            for given, numbers in inside:
                within = [word.text for word in given.words if word.sentence in numbers]
                ordered |= {word for word in within if len(word) >= _SHORTEST_RARE}
                ordered_grams |= set(grams(within, _WORDS_OF_ORDER))
            own = read(text)
            of_orders = {number for given, numbers in inside if given.text == text for number in numbers}
            elsewhere |= {word.text for word in own.words if word.sentence not in of_orders}
        said = texts_of(reading)
        for first, gram in enumerate(grams(said, _WORDS_OF_ORDER)):
            if gram in ordered_grams:
                yield first, first + _WORDS_OF_ORDER
        rare = ordered - elsewhere - load_english().english
        for index, word in enumerate(said):
            if word in rare:
                yield index, index + 1

    def _sentences_with_orders(self, text: str) -> list[tuple[Reading, set[int]]]:
        """The sentences in which orders stand, and those after them that go on ordering; by the reading that shows them."""
        found: dict[str, tuple[Reading, set[int]]] = {}
        for reading, first, last in self._injection.orders(text):
            begin, end = reading.words[first].sentence, reading.words[last - 1].sentence
            numbers = found.setdefault(reading.text, (reading, set()))[1]
            numbers.update(range(begin, end + 1))
            opening = {word.sentence: word.text for word in reversed(reading.words)}
            for sentence in range(end + 1, end + 1 + _SENTENCES_OF_ORDER):
                if opening.get(sentence) not in self._goes_on:
                    break
                numbers.add(sentence)
        return list(found.values())


class _Scaffold:
    """Recognises the system prompts: plain, spaced otherwise, moved on in the alphabet, backwards, in pieces."""

    def __init__(self, systems: Sequence[str], english: frozenset[str]) -> None:
        self._steps: set[str] = set()
        words: set[str] = set()
        for system in systems:
            steps = steps_of(letters_of(read(system).plain.text))
            self._steps |= {
                steps[at : at + _LETTERS_OF_PROMPT - 1] for at in range(len(steps) - _LETTERS_OF_PROMPT + 2)
            }
            words |= set(texts_of(read(system)))
        self._telltales = {word for word in words - english if len(word) > 3}

    def is_in(self, reading: Reading) -> bool:
        letters = letters_of(reading.plain.text)
        return (
            len(self._telltales.intersection(texts_of(reading))) >= _TELLTALES
            or self._has_steps(letters)
            or self._has_steps(letters[::-1])
        )

    def _has_steps(self, letters: str) -> bool:
        steps = steps_of(letters)
        length = _LETTERS_OF_PROMPT - 1
        return any(steps[at : at + length] in self._steps for at in range(len(steps) - length + 1))


def _find_copied(reading: Reading, context: Context) -> Iterator[Span]:
    """A long run of the post's words, or a whole sentence of it. What the draft says too is the supporter's."""
    if not context.post:
        return
    post, draft = read(context.post), read(context.draft)
    runs = set(grams(texts_of(post), _WORDS_OF_POST)) - set(grams(texts_of(draft), _WORDS_OF_POST))
    copied = [gram in runs for gram in grams(texts_of(reading), _WORDS_OF_POST)]
    stretches = list(_stretches(copied))
    if len(stretches) > 1 or not all(_is_said_back(reading, *one) for one in stretches):
        yield from stretches
    wholes = _whole_sentences(post) - _whole_sentences(draft)
    for first, last in sentences(reading.words):
        if tuple(word.text for word in reading.words[first:last]) in wholes:
            yield first, last


def _stretches(copied: Sequence[bool]) -> Iterator[Span]:
    """Words that stand in copied runs, as long stretches."""
    first: int | None = None
    for index, is_copied in enumerate([*copied, False]):
        if is_copied and first is None:
            first = index
        elif not is_copied and first is not None:
            yield first, index - 1 + _WORDS_OF_POST
            first = None


def _is_said_back(reading: Reading, first: int, last: int) -> bool:
    """One clause of theirs inside a sentence that speaks to them: "No wonder that ... when ...". That is an answer."""
    sentence = reading.words[first].sentence
    said = [word.text for word in reading.words if word.sentence == sentence]
    return (
        reading.words[last - 1].sentence == sentence
        and last - first <= min(_MOST_SAID_BACK, len(said) - _WORDS_AROUND)
        and not _YOU.isdisjoint(said)
    )


def _whole_sentences(reading: Reading) -> set[tuple[str, ...]]:
    return {
        tuple(word.text for word in reading.words[first:last])
        for first, last in sentences(reading.words)
        if last - first >= _WORDS_OF_SENTENCE
    }


def letters_of(text: str) -> str:
    return "".join(letter for letter in text.translate(_LEET) if "a" <= letter <= "z")


def steps_of(letters: str) -> str:
    """From each letter to the next, around the alphabet: the same for a text and for any shift of it (rot13)."""
    return "".join(chr(97 + (ord(after) - ord(before)) % 26) for before, after in pairwise(letters))


def texts_of(reading: Reading) -> list[str]:
    return [word.text for word in reading.words]


def grams(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + length]) for at in range(len(words) - length + 1))
