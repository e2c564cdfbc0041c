"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.alerts import SECOND, Alert, Delivery, LastCheck, NotifierBeat
from moderation.models.break_glass import BreakGlass, BreakGlassReview
from moderation.models.claims import Pass, TakeOver
from moderation.models.decided import Appeal, CaseNote, Proposal, Undo
from moderation.models.duty import OutOfHours, Shift
from moderation.models.escalations import Escalation, EscalationEnd
from moderation.models.flags import Decision, Flag, Judgement, Outcome
from moderation.models.incidents import Incident, IncidentEntry, IncidentLink
from moderation.models.quality import GoldenItem, Review
from moderation.models.replay import Replay, ReplayCase

__all__ = [
    "SECOND",
    "Alert",
    "Appeal",
    "BreakGlass",
    "BreakGlassReview",
    "CaseNote",
    "Decision",
    "Delivery",
    "Escalation",
    "EscalationEnd",
    "Flag",
    "GoldenItem",
    "Incident",
    "IncidentEntry",
    "IncidentLink",
    "Judgement",
    "LastCheck",
    "NotifierBeat",
    "OutOfHours",
    "Outcome",
    "Pass",
    "Proposal",
    "Replay",
    "ReplayCase",
    "Review",
    "Shift",
    "TakeOver",
    "Undo",
]
