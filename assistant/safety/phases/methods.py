"""Means of self-harm and how they work: asked about in a post, named or explained in what is written here."""

from __future__ import annotations

from assistant.safety.worded import WordedPhase


class Methods(WordedPhase):
    name = "methods"
