"""Courtship, money, and being the only one: what has no place between a supporter and a stranger in need."""

from __future__ import annotations

from assistant.safety.worded import WordedPhase


class Boundaries(WordedPhase):
    name = "boundaries"
