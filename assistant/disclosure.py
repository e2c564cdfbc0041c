"""What goes with a sent reply: a line for its reader about the model's part, and the same for machines."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from assistant import provenance
from assistant.models import Suggestion
from assistant.provenance import Marked

VERSION = 1
# https://cv.iptc.org/newscodes/digitalsourcetype/
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
BY_A_PERSON = SOURCE_TYPES + "digitalCreation"
BY_BOTH = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
BY_THE_MODEL = SOURCE_TYPES + "trainedAlgorithmicMedia"


def is_too_much(share: float) -> bool:
    """By whole percents, as they are shown: nobody is told that 80 % are more than 80 %."""
    return round(100 * share) > round(100 * settings.MAX_SUGGESTED_SHARE)


def line_for(share: float) -> str:
    """Of the share of suggested words; empty where there are none."""
    return str(settings.DISCLOSURE) if share else ""


def mark_for(marked: Marked, suggestions: list[Suggestion]) -> dict[str, Any]:
    """Numbers and names only. `suggestions`: those that were shown to the supporter."""
    told = provenance.shares(marked, [one.text for one in suggestions])
    by_model = provenance.by_model(told)
    return {
        "version": VERSION,
        "digital_source_type": BY_THE_MODEL if by_model == 1 else BY_BOTH if by_model else BY_A_PERSON,
        "shares": {str(whose): round(share, 3) for whose, share in told.items()},
        "models": sorted({one.model_version.name for one in suggestions if one.model_version}),
        "edited_by_moderator": False,
    }
