"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.break_glass import BreakGlass, BreakGlassReview
from moderation.models.claims import Pass, TakeOver
from moderation.models.decided import Appeal, CaseNote, Proposal, Undo
from moderation.models.flags import Decision, Escalation, Flag, Judgement, Outcome
from moderation.models.incidents import Incident, IncidentEntry, IncidentLink

__all__ = [
    "Appeal",
    "BreakGlass",
    "BreakGlassReview",
    "CaseNote",
    "Decision",
    "Escalation",
    "Flag",
    "Incident",
    "IncidentEntry",
    "IncidentLink",
    "Judgement",
    "Outcome",
    "Pass",
    "Proposal",
    "TakeOver",
    "Undo",
]
