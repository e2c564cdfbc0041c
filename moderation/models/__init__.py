"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.decided import Appeal, CaseNote, Proposal, Undo
from moderation.models.flags import Decision, Escalation, Flag, Judgement, Outcome

__all__ = ["Appeal", "CaseNote", "Decision", "Escalation", "Flag", "Judgement", "Outcome", "Proposal", "Undo"]
