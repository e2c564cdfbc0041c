"""Signs of present danger in what the seeker wrote. Whatever is unclear counts as the more serious reading."""

from __future__ import annotations

from enum import Enum

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Level, Severity
from assistant.safety.worded import WordedPhase, is_negated

_REACH = 8  # words before a match in which its subject is looked for
_SHORT = 8  # words: a sentence as short as this has its writer as its subject without naming them
_NEAR = 12  # words around a match in which a joke shows

DENIED = Rule(
    "crisis.denied",
    "Suicide or harm is named and denied. People sometimes deny what they feel.",
    severities(post=Severity.REVIEW),
    Level.PASSIVE,
)
SOMEONE_ELSE = Rule(
    "crisis.someone_else",
    "Somebody other than the writer may be in danger.",
    severities(post=Severity.REVIEW),
)
ADDRESSED = Rule(
    "crisis.addressed",
    "Danger is spoken of to somebody, as supporters do.",
    severities(post=Severity.NOTE),
)
QUOTED = Rule(
    "crisis.quoted",
    "Words of danger stand in quotation marks.",
    severities(post=Severity.REVIEW),
)
UNMEANT = Rule(
    "crisis.unmeant",
    "Words of danger that may be said in jest.",
    severities(post=Severity.REVIEW),
    Level.PASSIVE,
)


class _Who(Enum):
    WRITER = "writer"
    ADDRESSED = "addressed"
    OTHER = "other"
    NOBODY = "nobody"


class Crisis(WordedPhase):
    name = "crisis"
    code_version = 2

    def __init__(self) -> None:
        super().__init__()
        self._mention = self.lexicon.rules["mention"].rule
        self.rules = (*self.rules, DENIED, SOMEONE_ELSE, ADDRESSED, QUOTED, UNMEANT)
        subjects = self.lexicon.subjects
        self._writer = subjects["writer"]
        self._addressed = subjects["addressed"]
        self._others = subjects["others"]
        self._near_ones = subjects["near_ones"]
        self._things = subjects["things"]
        self._joking = subjects["joking"]
        self._before_an_object = subjects["before_an_object"]
        self._about_the_writer = subjects["about_the_writer"]
        self._needs_the_writer = subjects["needs_the_writer"]

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """Who is meant, and whether it is meant. A hold becomes a review by this, and a supporter's words a note."""
        rule = entry.rule
        if rule.code in self._about_the_writer:
            who = self._subject(reading, match, of_a_threat=rule.code == "crisis.threat")
            if who is _Who.ADDRESSED:
                return ADDRESSED
            if who is _Who.OTHER:
                return SOMEONE_ELSE if self._knows_somebody(reading) else self._mention
            if who is _Who.NOBODY and rule.code in self._needs_the_writer and not self._is_personal(reading, match):
                return self._mention
        if rule.severities[context.kind] < Severity.HOLD or not entry.negatable:
            return rule
        if is_negated(reading.words, match.first):
            return DENIED
        if _is_quoted(reading, match):
            return QUOTED
        return UNMEANT if self._is_in_jest(reading, match) else rule

    def _subject(self, reading: Reading, match: Match, *, of_a_threat: bool) -> _Who:
        """The nearest person named before the match in its sentence, or in the match itself."""
        words = reading.words
        if any(word.text in self._writer for word in words[match.first : match.last]):
            return _Who.WRITER
        for index in range(match.first - 1, max(-1, match.first - 1 - _REACH), -1):
            word = words[index]
            if word.sentence != words[match.first].sentence:
                break
            if word.text in self._writer:
                return _Who.WRITER
            if word.text in self._addressed and not (index and words[index - 1].text in self._before_an_object):
                return _Who.ADDRESSED
            if word.text in self._others or (of_a_threat and word.text in self._things):
                return _Who.OTHER
        return _Who.NOBODY

    def _knows_somebody(self, reading: Reading) -> bool:
        """Whether the text speaks of somebody near the writer ("my sister"): news and stories do not."""
        words = reading.words
        return any(
            word.text in ("my", "our") and any(near.text in self._near_ones for near in words[index + 1 : index + 4])
            for index, word in enumerate(words)
        )

    def _is_personal(self, reading: Reading, match: Match) -> bool:
        """Whether the sentence speaks of the writer, or is so short that it does without saying so."""
        words = reading.words
        sentence = words[match.first].sentence
        first, last = match.first, match.last
        while first > 0 and words[first - 1].sentence == sentence:
            first -= 1
        while last < len(words) and words[last].sentence == sentence:
            last += 1
        said = {word.text for word in words[first:last]}
        return not said.isdisjoint(self._writer) or (last - first <= _SHORT and said.isdisjoint(self._addressed))

    def _is_in_jest(self, reading: Reading, match: Match) -> bool:
        around = reading.words[max(0, match.first - _NEAR) : match.last + _NEAR]
        return any(word.text in self._joking for word in around)


def _is_quoted(reading: Reading, match: Match) -> bool:
    """Whether the match lies between two quotation marks of one line."""
    text = reading.plain.text
    start, end = reading.words[match.first].start, reading.words[match.last - 1].end
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    after = text[end : line_end if line_end >= 0 else len(text)]
    return text.count('"', line_start, start) % 2 == 1 and '"' in after
