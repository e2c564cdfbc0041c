"""What makes people stop writing: blame, minimising, arguing, cruelty, despair, pressure, and being sent away."""

from __future__ import annotations

from assistant.safety.lexicon import LexiconRule
from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.reported import is_reported, stands_in_one_sentence
from assistant.safety.rules import Rule
from assistant.safety.types import Context
from assistant.safety.worded import WordedPhase

# Said as the writer's own word they hurt; said back as what the seeker feels they are good listening.
_MAY_BE_REPORTED = frozenset({"dismissal.arguing", "dismissal.despair", "dismissal.pressure", "dismissal.rejecting"})


class Dismissal(WordedPhase):
    name = "dismissal"

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """Faith that the seeker brought up may be taken up, and what they feel may be said back."""
        rule = super().judge(entry, match, reading, context)
        if rule is None or not stands_in_one_sentence(reading.words, match):
            return None
        if rule.code in _MAY_BE_REPORTED and is_reported(reading.words, match.first):
            return None
        if rule.code == "dismissal.faith" and self._speaks_of_faith(context.post):
            return None
        return rule

    def _speaks_of_faith(self, post: str) -> bool:
        return any(word.text in self.lexicon.subjects["faith"] for word in read(post).words)
