"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.alerts import Alert, Delivery, LastCheck, NotifierBeat
from moderation.models.duty import OutOfHours, Shift
from moderation.models.escalations import Escalation, EscalationEnd
from moderation.models.flags import Decision, Flag

__all__ = [
    "Alert",
    "Decision",
    "Delivery",
    "Escalation",
    "EscalationEnd",
    "Flag",
    "LastCheck",
    "NotifierBeat",
    "OutOfHours",
    "Shift",
]
