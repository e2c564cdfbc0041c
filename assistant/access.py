"""The only door from an id in a URL to a row. What is not yours does not exist: 404, never 403."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.decorators import permission_required
from django.db import models
from django.http import Http404

from assistant.models import CheckIn, Draft, DraftRevision, Post, Reply, Suggestion, SuggestionJob, TalkRequest

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=models.Model)

WRITE_REPLIES = "assistant.write_replies"
USE_GENERATE = "assistant.use_generate"
ENTER_POSTS = "assistant.enter_posts"
HEAR_SUPPORTERS = "assistant.hear_supporters"
MANAGE_GOALS = "assistant.manage_goals"
MANAGE_PEOPLE = "accounts.manage_people"  # of admins, who also say which model answers


def needs(permission: str) -> Callable[[View], View]:
    """Let a view be opened only by people who hold this permission: 403 for others."""
    return permission_required(permission, raise_exception=True)


def drafts_of(user: Any) -> models.QuerySet[Draft]:
    return Draft.objects.filter(author=user, case__destroyed_at=None).select_related("post__case", "case")


def replies_of(user: Any) -> models.QuerySet[Reply]:
    return Reply.objects.filter(draft__author=user, case__destroyed_at=None).select_related("case", "draft")


def draft_for(user: Any, draft_id: uuid.UUID) -> Draft:
    return only(Draft.objects.filter(id=draft_id, author=user).select_related("case", "post__case"))


def revision_of(draft: Draft, number: int) -> DraftRevision:
    """Of a draft that was loaded for this person."""
    return found(draft.revisions.filter(number=number).select_related("case"))


def job_for(user: Any, job_id: uuid.UUID) -> SuggestionJob:
    return only(SuggestionJob.objects.filter(id=job_id, draft__author=user).select_related("case", "draft__post"))


def suggestion_for(user: Any, suggestion_id: uuid.UUID) -> Suggestion:
    """A suggestion that this person asked for and may see."""
    rows = Suggestion.objects.filter(id=suggestion_id, job__draft__author=user, status__in=Suggestion.VISIBLE)
    return only(rows.select_related("case", "job__draft__post__case", "job__revision"))


def reply_for(user: Any, reply_id: uuid.UUID) -> Reply:
    return only(
        Reply.objects.filter(id=reply_id, draft__author=user).select_related("case", "draft__post__case", "revision")
    )


def left_out_post(user: Any, post_id: uuid.UUID) -> Post:
    """A post that waits, of a topic that this person leaves to others: the only kind that is taken by its id."""
    return only(Post.objects.waiting_for(user).left_out_by(user).filter(id=post_id).select_related("case"))


def check_in_of(user: Any, check_in_id: uuid.UUID) -> CheckIn:
    """One's own, and nobody else's, whatever one may see otherwise."""
    return only(CheckIn.objects.filter(id=check_in_id, by=user).select_related("case"))


def shared_check_ins() -> models.QuerySet[CheckIn]:
    """For leads: what somebody with an open account shares now."""
    return CheckIn.objects.exclude(shared_at=None).filter(by__is_active=True).select_related("case", "by")


def shared_check_in(check_in_id: uuid.UUID) -> CheckIn:
    return only(shared_check_ins().filter(id=check_in_id))


def talk_request_for(lead: Any, request_id: uuid.UUID) -> TalkRequest:
    return found(TalkRequest.objects.open_for(lead).filter(id=request_id))


def only(rows: models.QuerySet[Row]) -> Row:
    """Of rows whose case was not erased."""
    return found(rows.filter(case__destroyed_at=None))


def found(rows: models.QuerySet[Row]) -> Row:
    row = rows.first()
    if row is None:
        raise Http404
    return row
