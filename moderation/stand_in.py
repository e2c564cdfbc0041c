"""A review as a flag: a row in memory that pages show like any other, and that is never saved.

Of a decided flag it is the flag as it was before anybody decided; of an invented item, one with a post or a reply that no
table knows. Its id is that of the review, so whoever follows it comes to `moderation.views.reviews`.
"""

from __future__ import annotations

from copy import copy

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from assistant.models import Draft, DraftRevision, Finding, Post, Reply, Suggestion
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Screening, Severity, Tier
from moderation.models import Flag, GoldenItem, Review

SOMEBODY = "kestrel"  # who is said to have written an invented reply


def flag_of(review: Review) -> Flag:
    first = review.first
    if first is not None:
        flag = _as_it_was(first.flag)
    else:
        assert review.item is not None
        flag = _invented(review.item)
    flag.id, flag.opened_at, flag.version = review.id, review.offered_at, 1
    flag.claimed_by, flag.claimed_at = review.by, review.claimed_at
    flag.claimed_until = timezone.now() + settings.CLAIM_LEASE if review.by else None
    return flag


def _as_it_was(decided: Flag) -> Flag:
    flag = copy(decided)
    flag._state = copy(decided._state)
    flag._state.fields_cache = dict(decided._state.fields_cache)
    flag.status, flag.escalated, flag.closed_at = Flag.Status.OPEN, False, None
    held = flag.severity >= Severity.HOLD and flag.raised_by_id is None
    subject = copy(flag.subject)
    if isinstance(subject, Reply):
        subject.text = subject.revision.text  # a moderator may have changed what was sent
        subject.status = Reply.Status.HELD if held else Reply.Status.SENT
        flag.reply = subject
    elif isinstance(subject, Suggestion):
        subject.status = Suggestion.Status.HELD if held else Suggestion.Status.SHOWN
        flag.suggestion = subject
    else:
        subject.status = Post.Status.HELD if held else Post.Status.WAITING
        flag.post = subject
    return flag


def _invented(item: GoldenItem) -> Flag:
    at = item.at
    told = item.text if item.kind == GoldenItem.Kind.POST else item.post_text
    post = Post(case=item.case, text=told, language=item.language, level=item.level, received_at=at, stored_at=at)
    flag = Flag(case=item.case, level=item.level, language=item.language, opened_at=at)
    kind = Kind.POST if item.kind == GoldenItem.Kind.POST else Kind.REPLY
    screening = screen(item.text, Context(kind, language=item.language, post="" if kind is Kind.POST else told))
    if kind is Kind.POST:
        post.status, post.tier = Post.Status.WAITING, Tier.REVIEW.value
        flag.post, flag.severity = post, Severity.REVIEW
        _lay_findings(post, screening, most=Severity.REVIEW)
    else:
        flag.reply, flag.severity = _reply(item, post), Severity.HOLD
        _lay_findings(flag.reply, screening, most=Severity.HOLD)
    flag.codes = sorted({finding.code for finding in screening.findings if finding.severity >= Severity.REVIEW})
    return flag


def _reply(item: GoldenItem, post: Post) -> Reply:
    draft = Draft(case=item.case, post=post, author=get_user_model()(username=SOMEBODY), last_number=1, head_number=1)
    revision = DraftRevision(case=item.case, draft=draft, number=1, base_number=0, text=item.text, saved_at=item.at)
    return Reply(
        case=item.case,
        draft=draft,
        revision=revision,
        text=item.text,
        status=Reply.Status.HELD,
        was_held=True,
        model_share=0.0,
        created_at=item.at,
    )


def _lay_findings(subject: Post | Reply, screening: Screening, *, most: Severity) -> None:
    """Where a prefetch would put them: the pages ask the row for its findings."""
    rows = Finding.objects.none()
    rows._result_cache = [
        Finding(
            phase=one.phase,
            code=one.code,
            severity=min(one.severity, most),
            start=one.start,
            end=one.end,
            reason=one.reason,
        )
        for one in sorted(screening.findings, key=lambda one: (-one.severity, one.start))
    ]
    subject._prefetched_objects_cache = {"findings": rows}  # type: ignore[union-attr]
