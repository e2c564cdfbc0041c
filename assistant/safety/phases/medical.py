"""Doses, starting or stopping treatment, and diagnoses."""

from __future__ import annotations

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule
from assistant.safety.types import Context
from assistant.safety.worded import WordedPhase


class Medical(WordedPhase):
    name = "medical"

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """What the seeker called their own condition may be said back to them."""
        rule = super().judge(entry, match, reading, context)
        if rule is not None and rule.code == "medical.diagnosis" and self._is_said_back(reading, match, context):
            return None
        return rule

    def _is_said_back(self, reading: Reading, match: Match, context: Context) -> bool:
        conditions = self.lexicon.subjects["conditions"]
        named = {word.text for word in reading.words[match.first : match.last]} & conditions
        return bool(named) and named <= {word.text for word in read(context.post).words}
