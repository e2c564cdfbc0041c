"""What the phases that work from a lexicon have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assistant.safety.lexicon import LexiconRule, load_lexicon
from assistant.safety.phrases import Match, by_rule
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule
from assistant.safety.types import Context, Finding, Kind
from assistant.safety.words import Word

_NEGATIONS = frozenset({"not", "never", "no", "none", "nobody", "without", "neither", "nor", "nothing", "hardly"})
# "not sure", "not gonna lie": the no in them says nothing about what follows. Nor does "cannot stop".
_AFTER_AN_IDLE_NO = frozenset({"only", "sure", "lie", "know", "care", "doubt", "just", "joking", "kidding", "matter"})
_AFTER_CAN_NOT = frozenset({"stop", "help", "wait"})
_TURNS = frozenset({"but", "because", "so", "if", "unless", "until", "however", "although", "though"})
_NEGATION_REACH = 6
# A thousandth finding of one rule tells nobody more than the twentieth.
_MATCHES_PER_RULE = 20


def is_negated(words: Sequence[Word], first: int) -> bool:
    """Whether a "not" shortly before, in the same clause, bears on what begins at `first`."""
    for index in range(first - 1, max(-1, first - 1 - _NEGATION_REACH), -1):
        word = words[index]
        if word.clause != words[first].clause or word.text in _TURNS:
            return False
        if word.text in _NEGATIONS:
            return not _denies_nothing(words, index)
    return False


def _denies_nothing(words: Sequence[Word], no: int) -> bool:
    following = [word.text for word in words[no + 1 : no + 4] if word.text not in ("going", "to")][:1]
    if no > 0 and words[no - 1].text in ("can", "could") and _AFTER_CAN_NOT.intersection(following):
        return True
    return bool(_AFTER_AN_IDLE_NO.intersection(following))


class WordedPhase:
    """Finds its lexicon's phrases. Construction raises LexiconError when the lexicon is missing or broken."""

    name: str
    code_version = 1

    def __init__(self) -> None:
        self.lexicon = load_lexicon(self.name)
        # The two parts never run into each other: a lexicon reaching version 1000 would raise here.
        if not 0 < self.lexicon.version < 1000:
            raise ValueError(f"{self.name}.toml: version={self.lexicon.version}: use a number from 1 to 999.")
        self.version = self.code_version * 1000 + self.lexicon.version
        self.rules: tuple[Rule, ...] = tuple(entry.rule for entry in self.lexicon.rules.values())
        self.kinds = frozenset(kind for rule in self.rules for kind in rule.severities)

    def check(self, text: str, context: Context) -> Iterable[Finding]:
        """Worked out once per text: the classifier asks for what the rules found as well."""
        reading = read(text)
        return reading.once((self.name, self.version, context), lambda: list(self._found(reading, context)))

    def _found(self, reading: Reading, context: Context) -> Iterator[Finding]:
        for entry, match in self.matches(reading, context.kind):
            rule = self.judge(entry, match, reading, context)
            if rule is not None and rule.applies_to(context.kind):
                yield rule.finding(context.kind, *reading.span(match.first, match.last))

    def matches(self, reading: Reading, kind: Kind) -> Iterator[tuple[LexiconRule, Match]]:
        excused = by_rule(self.lexicon.exceptions.find(reading.words))
        found = list(self.lexicon.phrases.find(reading.words))
        ours = by_rule(found)
        seen: Counter[str] = Counter()
        for name, match in found:
            entry = self.lexicon.rules[name]
            if not entry.rule.applies_to(kind) or seen[name] == _MATCHES_PER_RULE:
                continue
            if name in excused and excused[name].overlap(match):
                continue
            if any(better in ours and ours[better].contain(match) for better in entry.yields_to):
                continue
            seen[name] += 1
            yield entry, match

    def judge(
        self,
        entry: LexiconRule,
        match: Match,
        reading: Reading,
        context: Context,  # noqa: ARG002  for phases that override this
    ) -> Rule | None:
        """The rule to report for a match, or None. A phase overrides this where the words around a match count."""
        if entry.negatable and is_negated(reading.words, match.first):
            return None
        return entry.rule
