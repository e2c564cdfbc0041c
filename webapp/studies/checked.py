"""What the checks of this deployment say of a text before any rater sees it."""

from __future__ import annotations

import hashlib

from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Level, Screening
from webapp.studies.models import Arm, Output

CLEAR, NOTED, HELD, ALLOWED = "clear", "noted", "held", "allowed"
WRITTEN_BY_MODELS = (Arm.Kind.IMPROVED, Arm.Kind.GENERATED, Arm.Kind.OTHER)


def level_of(post: str, *, language: str) -> int:
    """What words of a post point to, from 0 to 4."""
    return int(screen(post, Context(kind=Kind.POST, language=language)).level)


def screen_output(text: str, *, kind: str, post: str, draft: str, language: str, level: int) -> str:
    """As a suggestion where a model wrote it, as a reply where a person did."""
    of = Kind.SUGGESTION if kind in WRITTEN_BY_MODELS else Kind.REPLY
    return code_of(screen(text, Context(kind=of, language=language, post=post, draft=draft, level=Level(level))))


def code_of(screening: Screening) -> str:
    if screening.held:
        return HELD
    return NOTED if screening.findings else CLEAR


def put_text(output: Output, text: str, *, screened: str) -> None:
    """Into a row that is not saved yet, or is saved by the caller. Without blank lines around it, which would tell who wrote."""
    text = text.strip()
    output.text, output.screened, output.problem = text, screened, ""
    output.sha256 = hashlib.sha256(text.encode()).hexdigest()
