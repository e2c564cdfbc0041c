"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.break_glass import BreakGlass, BreakGlassReview
from moderation.models.claims import Pass, TakeOver
from moderation.models.flags import Decision, Escalation, Flag
from moderation.models.incidents import Incident, IncidentEntry, IncidentLink

__all__ = [
    "BreakGlass",
    "BreakGlassReview",
    "Decision",
    "Escalation",
    "Flag",
    "Incident",
    "IncidentEntry",
    "IncidentLink",
    "Pass",
    "TakeOver",
]
