"""Advice by which somebody can come to bodily harm, as far as single phrases tell."""

from __future__ import annotations

from assistant.safety.worded import WordedPhase


class Hazards(WordedPhase):
    name = "hazards"
