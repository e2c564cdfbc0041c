"""How long rows live, and erasing a case."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assistant.actions.care import delete_check_ins
from assistant.actions.second_readings import cancel_reading
from assistant.actions.suggestions import cancel_jobs
from assistant.models import (
    CaseKey,
    CheckIn,
    DraftRevision,
    LeftOutTopic,
    PanelItem,
    PanelMark,
    PanelSample,
    Post,
    PostTopic,
    Reply,
    ReplyNumbers,
    ShadowRun,
    Suggestion,
    SuggestionChunk,
    SuggestionJob,
    TalkRequest,
    Worker,
    Worry,
)
from assistant.vault import audit

SHADOWS_LIVE = timedelta(days=30)  # after their job was queued for the candidate: longer than any trial
CHUNKS_LIVE = timedelta(days=1)  # after their job ended; the suggestion holds the text
NUMBERS_LIVE = timedelta(days=400)  # after the reply was sent: the page about one's writing looks back a year
SAMPLES_LIVE = timedelta(days=365)  # after they were drawn: twice as long as a sign-off can count
WORKERS_LIVE = timedelta(days=1)  # after their last report


def erase_case(post: Post, *, by: Any | None) -> None:
    """Destroy the key of a case. What was written in it is unreadable from then on, here and in every backup."""
    with transaction.atomic():
        cancel_jobs(SuggestionJob.objects.filter(case=post.case), reason="erased")
        cancel_reading(post.case_id, reason="erased")
        SuggestionChunk.objects.filter(case=post.case).delete()
        ShadowRun.objects.filter(case=post.case).delete()
        PostTopic.objects.filter(post=post).delete()
        ReplyNumbers.objects.filter(case=post.case).delete()
        CaseKey.objects.filter(id=post.case_id).update(wrapped=None, destroyed_at=timezone.now())
        Post.objects.filter(id=post.id).update(
            external_id=f"erased:{uuid.uuid4()}", country="", leased_by=None, leased_until=None
        )
        audit.record("case.erased", actor=by, object_type="post", object_id=post.id)


def delete_old_chunks() -> int:
    """Pieces of streams whose job ended a day ago."""
    old = SuggestionChunk.objects.filter(job__ended_at__lt=timezone.now() - CHUNKS_LIVE)
    return old.delete()[0]


def delete_old_shadows() -> int:
    """What candidates said that nobody saw; the figures of the trial stay."""
    return ShadowRun.objects.filter(queued_at__lt=timezone.now() - SHADOWS_LIVE).delete()[0]


def delete_old_numbers() -> int:
    """What people were told of their writing more than a year ago; of closed accounts all of it: nobody else may read it."""
    due = Q(at__lt=timezone.now() - NUMBERS_LIVE) | Q(by__is_active=False)
    return ReplyNumbers.objects.filter(due).delete()[0]


def delete_old_workers() -> int:
    """Reports of processes that were killed a day ago; one that ends in order takes its own with it."""
    return Worker.objects.filter(seen_at__lt=timezone.now() - WORKERS_LIVE).delete()[0]


def erase_old_samples() -> int:
    """The texts of samples that the panel read long ago, and the notes about them; verdicts and numbers stay."""
    due = CaseKey.objects.filter(
        id__in=PanelSample.objects.filter(at__lt=timezone.now() - SAMPLES_LIVE).values("case"), destroyed_at=None
    )
    return due.update(wrapped=None, destroyed_at=timezone.now())


def delete_old_care() -> int:
    """Check-ins and requests to talk that are older than CARE_DAYS; of a closed account these and the topics it left out."""
    due = Q(at__lt=timezone.now() - timedelta(days=settings.CARE_DAYS)) | Q(by__is_active=False)
    with transaction.atomic():
        deleted = delete_check_ins(CheckIn.objects.filter(due))
        deleted += TalkRequest.objects.filter(due).delete()[0]
        return deleted + LeftOutTopic.objects.filter(by__is_active=False).delete()[0]


# Tables that hold encrypted text; a test fails when a model with such a field is missing here.
ENCRYPTED = (
    Post,
    DraftRevision,
    Reply,
    SuggestionJob,
    SuggestionChunk,
    Suggestion,
    ShadowRun,
    Worry,
    CheckIn,
    ReplyNumbers,
    PanelItem,
    PanelMark,
)
