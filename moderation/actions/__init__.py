"""What people and phases do with flags, hand-overs, incidents and cases. Each is one transaction with its audit event."""

from moderation.actions.alerts import acknowledge, send_test
from moderation.actions.appeals import appeal
from moderation.actions.break_glass import (
    allow_reading,
    ask_to_read,
    note_break_glass_reading,
    refuse_reading,
    review_reading,
)
from moderation.actions.claims import claim_flag, end_claim, hand_next, pass_flag, renew_claim, take_next, take_over
from moderation.actions.decisions import Said, decide
from moderation.actions.duty import add_shift, remove_shift, say_out_of_hours
from moderation.actions.escalations import end_hand_over, escalate, give_up_hand_over, reopen_hand_over, take_hand_over
from moderation.actions.flags import open_flag
from moderation.actions.incidents import add_to_incident, link_to_incident, open_incident, sign_off
from moderation.actions.notes import add_note
from moderation.actions.proposals import answer_proposal
from moderation.actions.reviews import (
    claim_review,
    decide_review,
    end_review_claim,
    mark_golden,
    pass_review,
    retire_golden,
    write_golden,
)
from moderation.actions.stale import StaleFlag
from moderation.actions.together import decide_together, undo_together
from moderation.actions.undo import undo

__all__ = [
    "Said",
    "StaleFlag",
    "acknowledge",
    "add_note",
    "add_shift",
    "add_to_incident",
    "allow_reading",
    "answer_proposal",
    "appeal",
    "ask_to_read",
    "claim_flag",
    "claim_review",
    "decide",
    "decide_review",
    "decide_together",
    "end_claim",
    "end_hand_over",
    "end_review_claim",
    "escalate",
    "give_up_hand_over",
    "hand_next",
    "link_to_incident",
    "mark_golden",
    "note_break_glass_reading",
    "open_flag",
    "open_incident",
    "pass_flag",
    "pass_review",
    "refuse_reading",
    "remove_shift",
    "renew_claim",
    "reopen_hand_over",
    "retire_golden",
    "review_reading",
    "say_out_of_hours",
    "send_test",
    "sign_off",
    "take_hand_over",
    "take_next",
    "take_over",
    "undo",
    "undo_together",
    "write_golden",
]
