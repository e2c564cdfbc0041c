"""Held text and its flags belong together; this finds what came apart."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.models import Post, Reply, Suggestion
from assistant.safety.types import Finding, Screening, Severity
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions import open_flag
from moderation.models import Flag


def held_without_flag() -> Iterator[Post | Suggestion | Reply]:
    yield from Post.objects.filter(status=Post.Status.HELD, case__destroyed_at=None).exclude(
        flags__status=Flag.Status.OPEN
    )
    suggestions = Suggestion.objects.filter(status=Suggestion.Status.HELD, case__destroyed_at=None)
    yield from suggestions.exclude(flags__status=Flag.Status.OPEN)
    yield from Reply.objects.filter(status=Reply.Status.HELD, case__destroyed_at=None).exclude(
        flags__status=Flag.Status.OPEN
    )


def flags_of_text_taken_back() -> Iterator[Flag]:
    yield from Flag.objects.filter(status=Flag.Status.OPEN, reply__status=Reply.Status.TAKEN_BACK)


@one_transaction
def flag_again(subject: Post | Suggestion | Reply) -> None:
    findings = tuple(
        Finding(row.code, Severity(row.severity), row.start, row.end, row.reason, row.phase)
        for row in subject.findings.all()
    )
    open_flag(subject, screening=Screening(findings=findings), by=None)


@one_transaction
def drop(flag: Flag) -> None:
    if flag.close(seen=flag.version, status=Flag.Status.DROPPED):
        audit.record("flag.dropped", actor=None, object_type="flag", object_id=flag.id, code="taken_back")
