"""What people decided about flags, as lines for the regression sets of the checks: codes, and scrubbed texts only of who agreed.

One JSON object a line:

    version, id, case      the last two are codes, made anew for every file from a salt that is not kept
    kind, language, level  post, reply or suggestion; of the post
    codes, findings        that opened the flag; all that was found, with its severity
    outcome, closed_as     of the decision; of a closed flag, what came of it
    policy                 that the decision rests on
    upheld, missed         whether people saw it as the checks did; of a sampled post; null where that is not known
    screening_version      of the checks that found it
    text, post, draft      scrubbed, as `manage.py screen` reads them; missing unless everybody whose words they are agreed
    consent                with a text: seeker, and supporter where the text is theirs

Who agreed is settled by `assistant.exports`, as it is for what a model learns from; a moderator's reason never leaves.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from assistant.exports import (
    Code,
    NotExported,
    coder,
    reason_to_leave_out,
    reason_to_leave_out_post,
    refuse_existing,
    remember,
    written_whole,
)
from assistant.models import LearningConsent, PreferenceExport
from assistant.models.learning import Agreed
from assistant.safety.scrub import scrub
from assistant.safety.types import Severity
from assistant.vault.keys import CaseErased
from moderation.models import Decision
from moderation.replaying import draft_of, kind_of, text_of
from moderation.upheld import upheld

VERSION = 1
EVENT = "decisions.exported"

Agreements = Mapping[uuid.UUID, Agreed]


@dataclass(frozen=True, slots=True)
class Count:
    decided: int
    with_text: int


def decided(since: date | None, kind: str = "") -> list[Decision]:
    """In the order in which they were made."""
    rows = Decision.objects.standing().order_by("at", "id")
    if since is not None:
        rows = rows.filter(at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if kind:
        rows = rows.filter(**{f"flag__{kind}__isnull": False})
    flags = ("case", "post", "suggestion__job__revision", "suggestion__job__draft__post", "reply__draft__post")
    paths = (f"flag__{path}" for path in (*flags, "reply__revision"))
    return list(rows.select_related("case", *paths))


def may_show_text(decision: Decision, agreed: Agreements) -> bool:
    flag = decision.flag
    if flag.suggestion_id is not None and decision.outcome == Decision.Outcome.EDIT:
        return False  # its own words are gone
    if flag.post is not None:
        return not reason_to_leave_out_post(flag.post, flag.case)
    draft = flag.reply.draft if flag.reply is not None else flag.suggestion.job.draft if flag.suggestion else None
    assert draft is not None
    draft.case = flag.case
    return not reason_to_leave_out(draft, agreed.get(draft.author_id))


def count(since: date | None, kind: str = "") -> Count:
    agreed = LearningConsent.in_force()
    rows = decided(since, kind)
    return Count(len(rows), sum(may_show_text(one, agreed) for one in rows))


def write_decisions(
    path: Path, *, since: date | None, kind: str = "", by: Any | None = None, salt: bytes | None = None
) -> PreferenceExport:
    """The file, for its owner only, and the row that remembers it. `kind`: only these, and only with their texts."""
    refuse_existing(path)
    code = coder(salt or secrets.token_bytes(32))
    agreed = LearningConsent.in_force()
    made = [(one, line_of(one, code), words_of(one, agreed)) for one in decided(since, kind)]
    with transaction.atomic(), written_whole(path) as write:
        # Somebody may have taken it back meanwhile.
        still, anew = LearningConsent.in_force(), {one.id: one for one in decided(since, kind)}
        lines, whose = [], set()
        for decision, line, words in made:
            told = words if decision.id in anew and may_show_text(anew[decision.id], still) else {}
            if told:
                whose |= _whose(decision)
            if told or not kind:
                lines.append(json.dumps(line | told, ensure_ascii=False) + "\n")
        if not lines:
            raise NotExported("There is nothing to export: run this without --yes to see why.")
        filters = {"what": "decisions"} | ({"since": since.isoformat()} if since else {})
        data = "".join(lines)
        row = remember(data, whose, act=EVENT, filters=filters, by=by)
        write(data)
    return row


def line_of(decision: Decision, code: Code) -> dict[str, Any]:
    """Codes alone."""
    flag = decision.flag
    return {
        "version": VERSION,
        "id": code("flag", flag.id),
        "case": code("case", flag.case_id),
        "kind": str(kind_of(flag)),
        "language": flag.subject_post.language,
        "level": flag.level,
        "codes": flag.codes,
        "findings": [
            {"code": finding.code, "severity": Severity(finding.severity).name.lower()}
            for finding in flag.subject.findings.all()
        ],
        "outcome": decision.outcome,
        "closed_as": decision.closed_as,
        "policy": decision.policy,
        "upheld": upheld(decision),
        "missed": decision.missed,
        "screening_version": flag.subject.screening_version,
    }


def words_of(decision: Decision, agreed: Agreements) -> dict[str, Any]:
    if not may_show_text(decision, agreed):
        return {}
    flag, post = decision.flag, decision.flag.subject_post
    post.case = flag.case
    try:
        words: dict[str, Any] = {"text": scrub(text_of(flag)), "consent": {"seeker": True}}
        if flag.post is None:
            words |= {"post": scrub(post.text), "draft": scrub(draft_of(flag))}
            words["consent"]["supporter"] = True
    except CaseErased:  # a moment ago
        return {}
    return words


def _whose(decision: Decision) -> set[tuple[str, uuid.UUID]]:
    flag = decision.flag
    whose = {("case", flag.case_id)}
    if flag.reply is not None:
        whose.add(("person", flag.reply.draft.author_id))
    if flag.suggestion is not None:
        whose.add(("person", flag.suggestion.job.draft.author_id))
    return whose
