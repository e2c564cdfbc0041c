"""What no list of phrases says: a small model weighs a reply beside the post it answers. It asks for a look, never for a hold."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.safety.reading import read
from assistant.safety.reply_model import FAULTS, ReplyModel
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Score, Severity

_LOOK = severities(suggestion=Severity.REVIEW, reply=Severity.REVIEW)
_REASONS = {
    "expertise": "This reads like answers that play doctor: a cause, an illness or a treatment that only a clinician can name.",
    "toxicity": "This reads like answers that agree with contempt or hate.",
    "risk_ignored": "This reads like answers that pass over a danger, or make it greater.",
}


class ReplyClassifier:
    """Construction raises ReplyModelError when the model's file is missing or broken; the pipeline then knows."""

    name = "reply_classifier"
    code_version = 1
    kinds = frozenset({Kind.SUGGESTION, Kind.REPLY})
    rules = tuple(
        Rule(f"reply_classifier.{fault}", _REASONS[fault], _LOOK, source="DiaSafety categories") for fault in FAULTS
    )

    def __init__(self, model: ReplyModel | None = None) -> None:
        self.model = model or ReplyModel()
        self.version = self.code_version * 1000 + self.model.version

    def check(self, text: str, context: Context) -> Iterator[Finding | Score]:
        """Whole texts only: it learnt from whole answers, and half a sentence says something else."""
        if not context.whole:
            return
        reply = read(text)
        verdicts = self.model.judge(read(context.post), reply)
        if verdicts:
            yield Score(max(verdict.sure for verdict in verdicts), self.name)
        for rule, verdict in zip(self.rules, verdicts, strict=False):
            if verdict.flagged:
                yield rule.finding(context.kind, *reply.span(verdict.window.first, verdict.window.last))
