"""What every prompt is made of: ChatML turns, and the border between the scaffold and what a person wrote."""

from __future__ import annotations

from assistant.inference.types import Segment
from assistant.inference.visible import drop_invisible

TURN_END = "<|im_end|>\n"
POST = "<|im_start|>user\nPost:\n"
DRAFT = "<|im_start|>user\nDraft:\n"
REPLY = "<|im_start|>assistant\n"


def system(text: str) -> str:
    return "<|im_start|>system\n" + text + TURN_END


def scaffold(text: str) -> Segment:
    return Segment(text, scaffold=True)


def written(text: str) -> Segment:
    """The model's copy of what a person wrote. What is stored and shown keeps every character."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Segment(drop_invisible(lines).strip(), scaffold=False)
