"""Re-exports, so that callers write `from assistant.models import Draft`."""

from assistant.models.canary import Canary, CanaryTrouble
from assistant.models.care import CheckIn, LeftOutTopic, PostTopic, TalkRequest
from assistant.models.conversation import Draft, DraftRevision, Post, Reply, Worry
from assistant.models.goals import GoalWording, WritingGoal
from assistant.models.growth import HelpChoice, ReplyNumbers
from assistant.models.learning import LearningConsent, PreferenceExport
from assistant.models.ledger import AuditEvent, CaseKey
from assistant.models.panel import PanelItem, PanelMark, PanelSample
from assistant.models.registry import Deployment, ModelVersion, Worker
from assistant.models.second_reading import SecondReading
from assistant.models.shadow import ShadowRun
from assistant.models.sign_offs import GateOverride, GateVerdict, SignOff
from assistant.models.suggestion import (
    ChangeVerdict,
    Finding,
    StoppedKind,
    Suggestion,
    SuggestionChunk,
    SuggestionFigures,
    SuggestionJob,
    subject_field,
)

__all__ = [
    "AuditEvent",
    "Canary",
    "CanaryTrouble",
    "CaseKey",
    "ChangeVerdict",
    "CheckIn",
    "Deployment",
    "Draft",
    "DraftRevision",
    "Finding",
    "GateOverride",
    "GateVerdict",
    "GoalWording",
    "HelpChoice",
    "LearningConsent",
    "LeftOutTopic",
    "ModelVersion",
    "PanelItem",
    "PanelMark",
    "PanelSample",
    "Post",
    "PostTopic",
    "PreferenceExport",
    "Reply",
    "ReplyNumbers",
    "SecondReading",
    "ShadowRun",
    "SignOff",
    "StoppedKind",
    "Suggestion",
    "SuggestionChunk",
    "SuggestionFigures",
    "SuggestionJob",
    "TalkRequest",
    "Worker",
    "Worry",
    "WritingGoal",
    "subject_field",
]
