"""What a draft was before."""

from __future__ import annotations

from typing import Any

from assistant import history
from assistant.changes import word_changes
from assistant.models import Draft, DraftRevision
from assistant.screens.changes import word_rows


def history_page(draft: Draft, shown: DraftRevision | None) -> dict[str, Any]:
    """`shown`: the revision that was chosen, marked with what bringing it back would do to the words of now."""
    head = draft.head()
    page: dict[str, Any] = {"draft": draft, "steps": history.steps_of(draft), "head": head, "shown": shown}
    if shown is not None and head is not None:
        page |= {
            "words": word_rows(word_changes(head.text, shown.text)),
            "is_now": shown.text == head.text,
            "may_restore": draft.is_open and shown.text != head.text,
        }
    return page
