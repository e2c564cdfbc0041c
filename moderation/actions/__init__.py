"""What people and phases do with flags. Each is one transaction with its audit event."""

from moderation.actions.appeals import appeal
from moderation.actions.claims import claim_flag, end_claim
from moderation.actions.decisions import Said, decide
from moderation.actions.escalations import escalate
from moderation.actions.flags import open_flag
from moderation.actions.notes import add_note
from moderation.actions.proposals import answer_proposal
from moderation.actions.stale import StaleFlag
from moderation.actions.undo import undo

__all__ = [
    "Said",
    "StaleFlag",
    "add_note",
    "answer_proposal",
    "appeal",
    "claim_flag",
    "decide",
    "end_claim",
    "escalate",
    "open_flag",
    "undo",
]
