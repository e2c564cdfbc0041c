"""Blame, minimising, arguing and cruelty towards the seeker."""

from __future__ import annotations

from assistant.safety.worded import WordedPhase


class Dismissal(WordedPhase):
    name = "dismissal"
