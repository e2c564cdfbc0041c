"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.flags import Decision, Escalation, Flag

__all__ = ["Decision", "Escalation", "Flag"]
