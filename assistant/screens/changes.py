"""A change that was suggested, word by word, and what its reader did with it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import reasons
from assistant.changes import Change, Word
from assistant.models import ChangeVerdict, StoppedKind
from assistant.translated import why_words

STATES = {  # of a change; static/js/changes.js has the same
    ChangeVerdict.Verdict.ACCEPTED: gettext_noop("used"),
    ChangeVerdict.Verdict.KEPT: gettext_noop("yours stays"),
    ChangeVerdict.Verdict.UNHELPFUL: gettext_noop("yours stays · not helpful"),
}


def change_row(change: Change, verdict: ChangeVerdict | None, *, stopped: Set[str], locked: Set[str]) -> dict[str, Any]:
    return {
        "index": change.index,
        "number": change.index + 1,
        "kind": str(change.kind),
        "start": change.start,
        "before": change.before,
        "after": change.after,
        "words": word_rows(change.words),
        "why": why_words(change.why),
        "code": change.why,
        "stoppable": change.why in reasons.STOPPABLE,
        "stopped": change.why in stopped and verdict is None,
        "locked": change.before.strip() in locked,
        "state": verdict.verdict if verdict else "",
        "state_label": gettext(STATES[ChangeVerdict.Verdict(verdict.verdict)]) if verdict else "",
    }


def word_rows(words: Iterable[Word]) -> list[dict[str, str]]:
    return [{"op": str(word.op), "text": word.text} for word in words]


def stopped_kinds(user: Any) -> list[dict[str, Any]]:
    rows = StoppedKind.objects.filter(by=user)
    return [{"code": row.code, "why": why_words(row.code)} for row in rows]
