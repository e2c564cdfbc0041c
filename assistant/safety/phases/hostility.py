"""Insults, contempt, calls for violence, and agreeing with hate that the post holds."""

from __future__ import annotations

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.reported import is_reported, stands_in_one_sentence
from assistant.safety.rules import Rule
from assistant.safety.types import Context
from assistant.safety.worded import WordedPhase

# What a post may say that nobody should answer with a yes: the rules for replies, and what only posts are searched for.
_HATE = frozenset({"slur", "insult", "group", "violence", "contempt"})
_MAY_BE_REPORTED = frozenset({"hostility.slur", "hostility.insult", "hostility.group"})  # "what he called you"
_OPENING_WORDS = 3  # "well yeah, exactly"
_FIRST_SENTENCES = 2  # agreement further down is about something that the reply itself said


class Hostility(WordedPhase):
    name = "hostility"

    def __init__(self) -> None:
        super().__init__()
        self.rules = tuple(rule for rule in self.rules if rule.severities)  # "contempt" is for posts, and no finding

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """A yes is judged by what it says yes to."""
        rule = super().judge(entry, match, reading, context)
        if rule is None or not stands_in_one_sentence(reading.words, match):
            return None
        if rule.code in _MAY_BE_REPORTED and is_reported(reading.words, match.first):
            return None
        if rule.code != "hostility.agreement":
            return rule
        return rule if _opens_a_sentence(reading, match) and self._is_hateful(context.post) else None

    def _is_hateful(self, post: str) -> bool:
        return any(name in _HATE for name, _ in self.lexicon.phrases.find(read(post).words))


def _opens_a_sentence(reading: Reading, match: Match) -> bool:
    words, sentence = reading.words, reading.words[match.first].sentence
    before = match.first - _OPENING_WORDS
    return sentence < _FIRST_SENTENCES and (before < 0 or words[before].sentence != sentence)
