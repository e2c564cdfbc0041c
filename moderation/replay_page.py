"""The pages about replays, for leads. Also the words of the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext, gettext_noop

from assistant.intervals import Interval
from moderation.models import Replay, ReplayCase
from moderation.other_rules import Change
from moderation.quality_words import outcome_words, percents
from moderation.replay_results import Flip, found_by
from moderation.replaying import STORED

LATEST = 30
EXAMPLES = 50
FATES = {"pass": gettext_noop("passes"), "look": gettext_noop("is flagged"), "hold": gettext_noop("is held")}


def replays_page() -> dict[str, Any]:
    done = Count("cases", filter=~Q(cases__state=ReplayCase.State.WAITING))
    rows = Replay.objects.annotate(total=Count("cases"), gone_through=done).select_related("by")[:LATEST]
    return {"replays": [_row(replay) | {"total": replay.total, "done": replay.gone_through} for replay in rows]}


def replay_page(replay: Replay) -> dict[str, Any]:
    found = found_by(replay)
    flipped = replay.cases.filter(state=ReplayCase.State.DONE).exclude(before="").select_related("decision__flag")
    rows = [case for case in flipped.defer("decision__reason", "decision__edited_text") if case.before != case.after]
    return _row(replay) | {
        "total": found.done + found.skipped + found.waiting,
        "done": found.done + found.skipped,
        "found": found,
        "flipped": found.flipped,
        "flips": [_flip(flip) for flip in found.flips],
        "levels": [_flip(flip) for flip in found.levels],
        "hours": hours_words(found.hours),
        "minutes": replay.minutes,
        "needs_command": bool(Change(**replay.change).model),
        "cases": [
            {
                "flag_id": case.decision.flag_id,
                "before": gettext(FATES[case.before]),
                "after": gettext(FATES[case.after]),
                "outcome": outcome_words(case.decision.outcome),
                "codes": ", ".join([*(f"− {code}" for code in case.gone), *(f"+ {code}" for code in case.come)]),
            }
            for case in rows[:EXAMPLES]
        ],
        "more": max(0, len(rows) - EXAMPLES),
    }


def _row(replay: Replay) -> dict[str, Any]:
    return {
        "id": replay.id,
        "at": replay.at,
        "what": change_words(replay),
        "by": replay.by.username if replay.by else "",
        "finished": replay.done_at is not None,
    }


def change_words(replay: Replay) -> str:
    if replay.against == STORED:
        return gettext("The rules of now, against what was found when each text came")
    change = Change(**replay.change)
    said = []
    for label, path in (
        (gettext("policy"), change.policy),
        (gettext("classifier"), change.classifier),
        (gettext("reply classifier"), change.reply_model),
    ):
        if path:
            said.append(f"{label} {Path(path).name}")
    for name in ("review_at", "urgent_at"):
        value = getattr(change, name)
        if value is not None:
            said.append(f"{name} {value:g}")
    if change.model:
        said.append(gettext("model %(name)s") % {"name": change.model})
    return ", ".join(said)


def hours_words(hours: Interval | None) -> str:
    if hours is None:
        return gettext("not known: too few decisions were timed")
    return gettext("%(value)s h (%(low)s to %(high)s)") % {
        "value": f"{hours.value:+.1f}",
        "low": f"{hours.low:+.1f}",
        "high": f"{hours.high:+.1f}",
    }


def _flip(flip: Flip) -> dict[str, Any]:
    return {
        "before": gettext(FATES[flip.before]) if flip.before in FATES else flip.before,
        "after": gettext(FATES[flip.after]) if flip.after in FATES else flip.after,
        "n": flip.n,
        "share": percents(flip.share),
        "upheld": flip.upheld,
        "fine": flip.fine,
        "upheld_share": percents(flip.upheld_share) if flip.upheld_share else gettext("not told"),
    }
