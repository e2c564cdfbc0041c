"""Promises nobody can keep, and claims to be something one is not."""

from __future__ import annotations

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule
from assistant.safety.types import Context
from assistant.safety.worded import WordedPhase


class Promises(WordedPhase):
    name = "promises"

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """A model has lived through nothing. Where the supporter's own draft says it, the words are theirs."""
        rule = super().judge(entry, match, reading, context)
        if rule is not None and rule.code == "promises.experience" and self._is_in_draft(context):
            return None
        return rule

    def _is_in_draft(self, context: Context) -> bool:
        found = self.lexicon.phrases.find(read(context.draft).words)
        return any(name == "experience" for name, _ in found)
