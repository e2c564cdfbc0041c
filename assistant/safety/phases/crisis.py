"""Signs of present danger in what the seeker wrote. Whatever is unclear counts as the more serious reading."""

from __future__ import annotations

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Severity
from assistant.safety.worded import WordedPhase, is_negated

_REACH = 5  # words before a match in which its subject is looked for

DENIED = Rule(
    "crisis.denied",
    "Suicide or harm is named and denied. People sometimes deny what they feel.",
    severities(post=Severity.REVIEW),
)
SOMEONE_ELSE = Rule(
    "crisis.someone_else",
    "Somebody other than the writer may be in danger.",
    severities(post=Severity.REVIEW),
)


class Crisis(WordedPhase):
    name = "crisis"

    def __init__(self) -> None:
        super().__init__()
        self.rules = (*self.rules, DENIED, SOMEONE_ELSE)
        self._writer = self.lexicon.subjects["writer"]
        self._others = self.lexicon.subjects["others"]
        self._things = self.lexicon.subjects["things"]
        self._about_the_writer = self.lexicon.subjects["about_the_writer"]

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """A denial or another person as subject lowers a hold to a review, never to nothing."""
        if entry.rule.severities[context.kind] < Severity.HOLD or not entry.negatable:
            return entry.rule
        if is_negated(reading.words, match.first):
            return DENIED
        others = self._others | self._things if entry.rule.code == "crisis.threat" else self._others
        if entry.rule.code in self._about_the_writer and self._is_about_another(reading, match, others):
            return SOMEONE_ELSE
        return entry.rule

    def _is_about_another(self, reading: Reading, match: Match, others: frozenset[str]) -> bool:
        """Whether the nearest person named before the match is not the writer. Nobody named means the writer."""
        words = reading.words
        if any(word.text in self._writer for word in words[match.first : match.last]):
            return False
        for index in range(match.first - 1, max(-1, match.first - 1 - _REACH), -1):
            if words[index].sentence != words[match.first].sentence or words[index].text in self._writer:
                return False
            if words[index].text in others:
                return True
        return False
