"""What people and phases do with flags. Each is one transaction with its audit event."""

from moderation.actions.claims import claim_flag, end_claim, pass_flag, renew_claim, take_next, take_over
from moderation.actions.decisions import decide
from moderation.actions.escalations import escalate
from moderation.actions.flags import open_flag
from moderation.actions.stale import StaleFlag
from moderation.actions.together import decide_together

__all__ = [
    "StaleFlag",
    "claim_flag",
    "decide",
    "decide_together",
    "end_claim",
    "escalate",
    "open_flag",
    "pass_flag",
    "renew_claim",
    "take_next",
    "take_over",
]
