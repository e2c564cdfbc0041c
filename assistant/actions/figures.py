"""What a suggestion does to its draft, in numbers, kept beside it."""

from __future__ import annotations

import logging

from assistant import changes as change_list
from assistant.adherence import difference, measured
from assistant.inference.types import Mode
from assistant.models import Suggestion, SuggestionFigures

log = logging.getLogger("lantern.figures")


def keep_figures(suggestion: Suggestion) -> None:
    """Once the suggestion is stored, so that nobody waits for it. Never raises: figures are worth no job."""
    job = suggestion.job
    if job.mode != Mode.IMPROVE:
        return
    try:
        post = job.draft.post
        about = {"post": post.text, "language": post.language, "country": post.country}
        change = difference(measured(job.original, **about), measured(suggestion.text, **about))
        offered = sum(one.kind is not change_list.Kind.KEEP for one in change_list.from_json(suggestion.changes))
        SuggestionFigures.objects.create(suggestion=suggestion, offered=offered, change=change)
    except Exception as error:
        log.exception("figures_failed", extra={"job": str(job.id), "error": type(error).__name__})


def forget_figures(suggestion: Suggestion) -> None:
    """Its text is not the model's alone any more."""
    SuggestionFigures.objects.filter(suggestion=suggestion).delete()
