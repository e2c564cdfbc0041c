"""What people and phases do with flags, incidents and cases. Each is one transaction with its audit event."""

from moderation.actions.appeals import appeal
from moderation.actions.break_glass import (
    allow_reading,
    ask_to_read,
    note_break_glass_reading,
    refuse_reading,
    review_reading,
)
from moderation.actions.claims import claim_flag, end_claim, pass_flag, renew_claim, take_next, take_over
from moderation.actions.decisions import Said, decide
from moderation.actions.escalations import escalate
from moderation.actions.flags import open_flag
from moderation.actions.incidents import add_to_incident, link_to_incident, open_incident, sign_off
from moderation.actions.notes import add_note
from moderation.actions.proposals import answer_proposal
from moderation.actions.stale import StaleFlag
from moderation.actions.together import decide_together
from moderation.actions.undo import undo

__all__ = [
    "Said",
    "StaleFlag",
    "add_note",
    "add_to_incident",
    "allow_reading",
    "answer_proposal",
    "appeal",
    "ask_to_read",
    "claim_flag",
    "decide",
    "decide_together",
    "end_claim",
    "escalate",
    "link_to_incident",
    "note_break_glass_reading",
    "open_flag",
    "open_incident",
    "pass_flag",
    "refuse_reading",
    "renew_claim",
    "review_reading",
    "sign_off",
    "take_next",
    "take_over",
    "undo",
]
