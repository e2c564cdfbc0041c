"""What supporters and moderators decided, as lines that a model can learn from: of people who agreed, scrubbed, without ids.

One JSON object a line, read by `training/sources/lantern.py`:

    version            1
    case, author       codes, made anew for every file from a salt that is not kept
    mode, language     of the suggestion, or empty; of the post
    post               what the seeker wrote
    draft              the supporter's own words when they first asked; empty where they asked with none, or not at all
    suggestion         what the model offered for them; empty where it was not asked
    sent               what the supporter sent, or what a moderator held
    changes            of the suggestion, those that were decided about: kind, before, after, verdict, reason
    moderator          null, or outcome (approved, edited, withheld), edited_text, and of: reply or suggestion
    ratings, felt_heard    empty and null: nobody is asked yet
    prompt_version, model, model_sha256    of the suggestion
    consent            supporter, seeker: true; wording: which text the supporter agreed to

A text that a moderator withheld stands alone in its line, so that it can only be learned from as what not to write.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assistant import changes as change_list
from assistant.actions.suggestions import changes_of, verdicts_of
from assistant.changes import Change, Kind
from assistant.inference.types import Mode, StopReason
from assistant.lineage import data_hashes
from assistant.models import (
    CaseKey,
    ChangeVerdict,
    Draft,
    LearningConsent,
    ModelVersion,
    Post,
    PreferenceExport,
    Reply,
    Suggestion,
)
from assistant.models.learning import Agreed
from assistant.safety.scrub import scrub
from assistant.vault import audit
from assistant.vault.keys import CaseErased, master_keys

VERSION = 1
FINISHED = (Draft.Status.SENT, Draft.Status.WITHHELD)
VERDICTS = {
    ChangeVerdict.Verdict.ACCEPTED: "accepted",
    ChangeVerdict.Verdict.KEPT: "rejected",
    ChangeVerdict.Verdict.UNHELPFUL: "rejected",
    ChangeVerdict.Verdict.UNDONE: "undone",
}

Line = dict[str, Any]
Code = Callable[[str, object], str]


class NotExported(Exception):
    """Nothing was written; the message says why and what to do."""


# Whose


@dataclass(frozen=True, slots=True)
class Count:
    """Finished drafts, and why some of them stay out; each is counted under the first reason that holds."""

    finished: int = 0
    erased: int = 0
    human_only: int = 0
    post_not_agreed: int = 0
    post_kept_back: int = 0  # a moderator holds it, or closed it
    supporter_not_agreed: int = 0  # also: wrote it before they agreed, or their account is closed
    in_it: int = 0


def finished(since: date | None) -> QuerySet[Draft]:
    """In an order that does not change. `since`: the day they were begun on, or later."""
    rows = Draft.objects.filter(status__in=FINISHED).select_related("case", "post__case").order_by("created_at", "id")
    if since is not None:
        begin = timezone.make_aware(datetime.combine(since, time.min))
        rows = rows.filter(created_at__gte=begin)
    return rows


def reason_to_leave_out(draft: Draft, agreed: Agreed | None) -> str:
    """A field of `Count`; empty where seeker and supporter agreed and nothing speaks against it."""
    if reason := reason_to_leave_out_post(draft.post, draft.case):
        return reason
    if agreed is None or draft.created_at < agreed.since:
        return "supporter_not_agreed"
    return ""


def reason_to_leave_out_post(post: Post, case: CaseKey) -> str:
    if case.destroyed_at is not None:
        return "erased"
    if post.human_only:
        return "human_only"
    if not post.may_be_learned_from:
        return "post_not_agreed"
    if post.status in (Post.Status.HELD, Post.Status.CLOSED):
        return "post_kept_back"
    return ""


def to_learn_from(since: date | None) -> tuple[list[tuple[Draft, Agreed]], Count]:
    agreed = LearningConsent.in_force()
    chosen: list[tuple[Draft, Agreed]] = []
    counts: dict[str, int] = {}
    for draft in finished(since):
        counts["finished"] = counts.get("finished", 0) + 1
        consent = agreed.get(draft.author_id)
        reason = reason_to_leave_out(draft, consent) or "in_it"
        counts[reason] = counts.get(reason, 0) + 1
        if reason == "in_it" and consent is not None:
            chosen.append((draft, consent))
    return chosen, Count(**counts)


# What


def lines_of(draft: Draft, consent: Agreed, code: Code) -> Iterator[Line]:
    """What became of one draft: how it was sent, and what was withheld on the way."""
    common = {
        "version": VERSION,
        "case": code("case", draft.case_id),
        "author": code("author", draft.author_id),
        "post": scrub(draft.post.text),
        "language": draft.post.language,
        "consent": {"supporter": True, "seeker": True, "wording": consent.wording},
    }
    reply = (
        Reply.objects.filter(draft=draft, status__in=[Reply.Status.SENT, Reply.Status.WITHHELD])
        .select_related("case", "revision__case")
        .order_by("created_at", "id")
        .last()
    )
    if reply is None:
        return
    if reply.status == Reply.Status.WITHHELD:
        yield common | alone(reply.text, of="reply")
        return
    yield common | _sent(draft, reply)
    for withheld in _suggestions(draft).filter(status=Suggestion.Status.WITHHELD):
        of_the_model = {"author": "", "draft": scrub(withheld.job.original)}
        yield common | alone(withheld.text, of="suggestion") | _model(withheld) | of_the_model


def alone(text: str, *, of: str) -> Line:
    """A withheld text, and nothing that could make it look like something to learn."""
    withheld = {"outcome": "withheld", "edited_text": "", "of": of}
    return _line(sent=scrub(text), moderator=withheld)


def _line(**fields: Any) -> Line:
    empty: Line = {
        "mode": "",
        "draft": "",
        "suggestion": "",
        "sent": "",
        "changes": [],
        "moderator": None,
        "ratings": {},
        "felt_heard": None,
        "prompt_version": "",
        "model": "",
        "model_sha256": "",
    }
    return empty | fields


def _sent(draft: Draft, reply: Reply) -> Line:
    by_supporter = scrub(reply.revision.text)
    moderator = None
    if reply.was_held:
        edited = reply.edited_by_moderator
        outcome, edited_text = ("edited", scrub(reply.text)) if edited else ("approved", "")
        moderator = {"outcome": outcome, "edited_text": edited_text, "of": "reply"}
    line = _line(sent=by_supporter, moderator=moderator)
    asked = _first_asked(draft)
    return line if asked is None else line | _suggested(asked, sent=by_supporter)


def own_and_sent(draft: Draft) -> tuple[str, str]:
    """Of a reply as its author sent it, scrubbed: their own words when they first asked for help, and what was sent then.

    Where no help was asked for, their own words are what was sent, and the second is empty. Both are empty where there are no
    words of their own, or where a moderator had a part in what was sent.
    """
    reply = Reply.objects.filter(draft=draft, status=Reply.Status.SENT).select_related("case").first()
    if reply is None or reply.edited_by_moderator:
        return "", ""
    if not _suggestions(draft).exists():
        return scrub(reply.text), ""
    asked = _first_asked(draft)
    if asked is None or not asked.job.original.strip():
        return "", ""
    return scrub(asked.job.original), scrub(reply.text)


def _suggestions(draft: Draft) -> QuerySet[Suggestion]:
    rows = Suggestion.objects.filter(job__draft=draft).order_by("created_at", "id")
    return rows.select_related("case", "job__revision__case", "model_version").defer(
        "model_version__manifest", "model_version__report"
    )


def _first_asked(draft: Draft) -> Suggestion | None:
    """The first one that was shown as the model wrote it, for words that no model had a part in."""
    shown = _suggestions(draft).filter(status=Suggestion.Status.SHOWN)
    return next((one for one in shown if one.job.mode == Mode.GENERATE or not one.job.revision.model_spans), None)


def _model(suggestion: Suggestion) -> Line:
    version = suggestion.model_version
    return {
        "mode": suggestion.job.mode,
        "prompt_version": suggestion.prompt_version,
        "model": version.name if version else "",
        "model_sha256": version.sha256 if version else "",
    }


def _suggested(suggestion: Suggestion, *, sent: str) -> Line:
    draft, offered = scrub(suggestion.job.original), scrub(suggestion.text)
    return _model(suggestion) | {
        "draft": draft,
        "suggestion": offered,
        "changes": list(_decided(suggestion, draft=draft, offered=offered, sent=sent)),
    }


def _decided(suggestion: Suggestion, *, draft: str, offered: str, sent: str) -> Iterator[Line]:
    """The changes that somebody decided about, as they stand between the scrubbed texts."""
    stored = changes_of(suggestion)
    scrubbed = _scrubbed_changes(suggestion, stored, draft=draft, offered=offered)
    undone = {row.index for row in suggestion.verdicts.filter(verdict=ChangeVerdict.Verdict.UNDONE)}
    counting = verdicts_of(suggestion)
    for change in scrubbed:
        row = counting.get(change.index)
        verdict = row.verdict if row else ChangeVerdict.Verdict.UNDONE if change.index in undone else None
        if verdict is None or change.kind is Kind.KEEP:
            continue
        told = VERDICTS[ChangeVerdict.Verdict(verdict)]
        reason = row.reason if row else ""
        if told == "accepted" and change.after.strip() not in sent:
            told = "edited"  # taken, then written over
        yield {"kind": change.kind, "before": change.before, "after": change.after, "verdict": told, "reason": reason}


def _scrubbed_changes(suggestion: Suggestion, stored: list[Change], *, draft: str, offered: str) -> list[Change]:
    """None of them where scrubbing moved their borders, so that nobody could say which is which."""
    if (draft, offered) == (suggestion.job.original, suggestion.text):
        return stored
    anew = change_list.changes_between(draft, offered, whole=suggestion.stop == StopReason.END)
    return anew if [one.kind for one in anew] == [one.kind for one in stored] else []


# Where to


def write_export(
    path: Path, *, since: date | None, by: Any | None = None, salt: bytes | None = None
) -> PreferenceExport:
    """The file, for its owner only, and the row that remembers it. Raises NotExported."""
    refuse_existing(path)
    chosen, _count = to_learn_from(since)
    codes = salt or secrets.token_bytes(32)
    made = [(draft, _lines(draft, consent, coder(codes))) for draft, consent in chosen]
    with transaction.atomic(), written_whole(path) as write:
        # Somebody may have taken it back meanwhile.
        still = {draft.id for draft, _consent in to_learn_from(since)[0]}
        kept = [(draft, lines) for draft, lines in made if draft.id in still and lines]
        data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for _draft, lines in kept for line in lines)
        if not kept:
            raise NotExported("There is nothing to export: run this without --yes to see why.")
        row = _remember(data, kept, since=since, by=by)
        write(data)
    return row


def _lines(draft: Draft, consent: Agreed, code: Code) -> list[Line]:
    try:
        return list(lines_of(draft, consent, code))
    except CaseErased:  # a moment ago
        return []


def _remember(
    data: str, kept: list[tuple[Draft, list[Line]]], *, since: date | None, by: Any | None
) -> PreferenceExport:
    people = {("person", draft.author_id) for draft, _lines in kept}
    cases = {("case", draft.case_id) for draft, _lines in kept}
    filters = {"since": since.isoformat()} if since else {}
    return remember(data, people | cases, act="preferences.exported", filters=filters, by=by)


def remember(
    data: str, whose: Set[tuple[str, uuid.UUID]], *, act: str, filters: dict[str, str], by: Any | None
) -> PreferenceExport:
    """The row of an export, and its audit event. `whose`: the people and cases whose words are in it."""
    row = PreferenceExport(
        sha256=hashlib.sha256(data.encode()).hexdigest(), lines=data.count("\n"), filters=filters, by=by
    )
    row.marks = sorted(mark_of(row, kind, one) for kind, one in whose)
    row.save(force_insert=True)
    lines = f"{row.lines} line(s)"
    audit.record(act, actor=by, object_type="export", object_id=row.id, outcome=lines, code=row.sha256)
    return row


def refuse_existing(path: Path) -> None:
    if path.exists():
        raise NotExported(f"{path}: there is a file already. Name another one.")


@contextmanager
def written_whole(path: Path) -> Iterator[Callable[[str], None]]:
    """What is given to `write` stands at the path, for its owner only, as the block ends well; else nothing does."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial(write_for_owner, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_for_owner(part: Path, data: str) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data.encode())
        file.flush()
        os.fsync(file.fileno())


def coder(salt: bytes) -> Code:
    return lambda kind, one: hmac.new(salt, f"{kind}:{one}".encode(), hashlib.sha256).hexdigest()[:16]


# Afterwards


def mark_of(export: PreferenceExport, kind: str, one: uuid.UUID) -> str:
    """Needs the vault's key file: the database alone does not say who is in an export."""
    return hmac.new(master_keys().audit, f"export:{export.id}:{kind}:{one}".encode(), hashlib.sha256).hexdigest()[:32]


def exports_with(kind: str, one: uuid.UUID) -> list[PreferenceExport]:
    """`kind`: person or case."""
    return [row for row in PreferenceExport.objects.all() if mark_of(row, kind, one) in row.marks]


def taught_by(export: PreferenceExport) -> list[ModelVersion]:
    """Registered adapters whose manifest names this file."""
    adapters = ModelVersion.objects.filter(kind=ModelVersion.Kind.ADAPTER).defer("report")
    return [one for one in adapters if export.sha256 in (sha256 for _place, sha256 in data_hashes(one.manifest))]
