"""Rules to try beside those that count: a pipeline and a policy of their own. What screens the site is not touched."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assistant import triage
from assistant.safety import phases, policy
from assistant.safety.classifier import Classifier, ClassifierError
from assistant.safety.phases.classifier import ClassifierPhase
from assistant.safety.phases.reply_classifier import ReplyClassifier
from assistant.safety.phases.support import Support
from assistant.safety.pipeline import Pipeline
from assistant.safety.policy import Policy, PolicyError, Thresholds
from assistant.safety.policy_floors import refuse_looser
from assistant.safety.reply_model import ReplyModel, ReplyModelError
from assistant.safety.types import Context, Kind, Level, Screening, Severity
from moderation.models import ReplayCase

PATIENCE = 60.0  # seconds for a phase: nobody waits, and a busy machine must not look like a broken check

Fate = ReplayCase.Fate


class CannotTry(ValueError):
    """These rules cannot be built, or are not what they were when the replay began."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is tried instead of what counts; files by path and hash."""

    policy: str = ""
    policy_sha256: str = ""
    review_at: float | None = None
    urgent_at: float | None = None
    classifier: str = ""
    classifier_sha256: str = ""
    reply_model: str = ""
    reply_model_sha256: str = ""
    model: str = ""  # the name of a registered version: suggestions are made again

    @property
    def is_none(self) -> bool:
        return self == Change()

    def with_hashes(self) -> Change:
        """As the files are now."""
        hashes: dict[str, Any] = {f"{name}_sha256": hash_of(path) for name, path in self._files()}
        return replace(self, **hashes)

    def refuse_changed_files(self) -> None:
        for name, path in self._files():
            if getattr(self, f"{name}_sha256") != hash_of(path):
                raise CannotTry(f"{path}: not what it was when this replay began. Restore it, or begin another replay.")

    def _files(self) -> list[tuple[str, str]]:
        named = [(name, getattr(self, name)) for name in ("policy", "classifier", "reply_model")]
        return [(name, path) for name, path in named if path]

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


def hash_of(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise CannotTry(f"{path}: cannot be read ({type(error).__name__}). Name a file that is there.") from error


@dataclass(frozen=True, slots=True)
class Rules:
    policy: Policy
    pipeline: Pipeline

    def screen(self, text: str, context: Context) -> Screening:
        return self.pipeline.screen(text, context)

    def fate(self, screening: Screening, kind: Kind, level: Level) -> Fate:
        """What becomes of the text. `level`: of the post that it is, or answers."""
        handling = triage.handling(level, self.policy)
        by_level = {Kind.POST: handling.hold_post, Kind.REPLY: handling.hold_reply, Kind.SUGGESTION: False}[kind]
        if screening.held or by_level:
            return Fate.HOLD
        return Fate.LOOK if screening.flagged else Fate.PASS

    def codes(self, screening: Screening, kind: Kind, level: Level) -> set[str]:
        """Of what asks for a person."""
        found = {finding.code for finding in screening.findings if finding.severity >= Severity.REVIEW}
        if kind is Kind.REPLY and triage.handling(level, self.policy).hold_reply:
            found.add(triage.LEVEL_HOLD)
        return found


def thresholds_now() -> Thresholds:
    """Those of the policy, or of the classifier that was shipped; empty where neither can be read."""
    try:
        given, shipped = policy.current().thresholds, Classifier()
    except (PolicyError, ClassifierError):
        return Thresholds()
    review_at = shipped.review_at if given.review_at is None else given.review_at
    return Thresholds(review_at, shipped.urgent_at if given.urgent_at is None else given.urgent_at)


def rules_with(change: Change) -> Rules:
    """Raises CannotTry. An empty change: the rules that count, on a pipeline of their own."""
    try:
        given = policy.load(Path(change.policy)) if change.policy else policy.current()
        points = Thresholds(
            given.thresholds.review_at if change.review_at is None else change.review_at,
            given.thresholds.urgent_at if change.urgent_at is None else change.urgent_at,
        )
        tried = replace(given, thresholds=points)
        refuse_looser(tried)
        classifier = Classifier(Path(change.classifier)) if change.classifier else Classifier()
        reply_model = ReplyModel(Path(change.reply_model)) if change.reply_model else ReplyModel()
    except (PolicyError, ClassifierError, ReplyModelError) as error:
        raise CannotTry(str(error)) from error

    def by() -> Policy:
        return tried

    instead: dict[phases.Build, phases.Build] = {
        ClassifierPhase: lambda: ClassifierPhase(classifier, by),
        Support: lambda: Support(by),
        ReplyClassifier: lambda: ReplyClassifier(reply_model),
    }
    built = Pipeline(phases.build_phases(instead), phases.REQUIRED, timeout_seconds=PATIENCE)
    missing = phases.REQUIRED.keys() - set(built.built_phases)
    if missing:
        raise CannotTry(f"{', '.join(sorted(missing))}: this check cannot be built here. See the log for why.")
    return Rules(tried, built)
