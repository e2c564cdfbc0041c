"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.alerts import Alert, Delivery, LastCheck, NotifierBeat
from moderation.models.break_glass import BreakGlass, BreakGlassReview
from moderation.models.claims import Pass, TakeOver
from moderation.models.decided import Appeal, CaseNote, Proposal, Undo
from moderation.models.duty import OutOfHours, Shift
from moderation.models.escalations import Escalation, EscalationEnd
from moderation.models.flags import Decision, Flag, Judgement, Outcome
from moderation.models.incidents import Incident, IncidentEntry, IncidentLink

__all__ = [
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
    "Shift",
    "TakeOver",
    "Undo",
]
