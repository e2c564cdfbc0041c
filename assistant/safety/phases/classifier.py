"""What no list of phrases says: a small model reads the post as a whole. It raises, and never lowers, what rules found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.safety import policy
from assistant.safety.classifier import Classifier, Verdict
from assistant.safety.phases.crisis import Crisis
from assistant.safety.phases.methods import Methods
from assistant.safety.policy import Policy
from assistant.safety.reading import read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Level, Score, Severity

_SURE_OF_A_LEVEL = 0.5

DANGER = Rule(
    "classifier.danger",
    "This reads like posts whose writers were in danger.",
    severities(post=Severity.REVIEW),
    Level.PASSIVE,
)
URGENT = Rule(
    "classifier.urgent",
    "This reads very much like posts whose writers thought of ending their life.",
    severities(post=Severity.HOLD),
    Level.ACTIVE,
)


class ClassifierPhase:
    """Construction raises ClassifierError or LexiconError when a part is missing; the pipeline then knows."""

    name = "classifier"
    code_version = 1
    kinds = frozenset({Kind.POST})
    rules = (DANGER, URGENT)

    def __init__(self, classifier: Classifier | None = None, rules: Callable[[], Policy] = policy.current) -> None:
        self.classifier = classifier or Classifier()
        self._rules = rules
        self.version = self.code_version * 1000 + self.classifier.version
        self._told_by = (Crisis(), Methods())

    def check(self, text: str, context: Context) -> Iterator[Finding | Score]:
        reading = read(text)
        found = [finding for phase in self._told_by for finding in phase.check(text, context)]
        verdict = self.classifier.judge(reading, found)
        yield Score(verdict.danger, self.name)
        rule = self._rule(verdict)
        if rule is not None:
            sentence = self.classifier.heaviest_sentence(reading, verdict.first, verdict.last)
            finding = rule.finding(context.kind, *reading.span(*sentence))
            yield replace(finding, level=max(rule.level, _level(verdict)))

    def _rule(self, verdict: Verdict) -> Rule | None:
        points = self._rules().thresholds
        urgent_at = self.classifier.urgent_at if points.urgent_at is None else points.urgent_at
        review_at = self.classifier.review_at if points.review_at is None else points.review_at
        if verdict.levels[Level.ACTIVE - 1] >= urgent_at:
            return URGENT
        return DANGER if verdict.danger >= review_at else None


def _level(verdict: Verdict) -> Level:
    """The highest level that the model rather believes than not."""
    return max((Level(n) for n, sure in enumerate(verdict.levels, 1) if sure >= _SURE_OF_A_LEVEL), default=Level.NONE)
