"""A post arrives, is handed to a supporter, is given back."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext

from assistant import triage
from assistant.actions.refused import Refused
from assistant.actions.returned import wait_again
from assistant.actions.screenings import keep_screening, raise_concern
from assistant.actions.second_readings import queue_reading
from assistant.actions.suggestions import cancel_jobs
from assistant.models import CaseKey, Draft, Post, PostTopic, SuggestionJob
from assistant.models.clock import from_now
from assistant.safety.pipeline import screen
from assistant.safety.topics import topics_in
from assistant.safety.types import Context, Kind, Level, Severity, Tier
from assistant.signals import Concern
from assistant.transactions import one_transaction
from assistant.vault import audit

log = logging.getLogger("lantern.posts")


@one_transaction
def receive_post(
    *,
    text: str,
    language: str = "en",
    country: str = "",
    received_at: datetime | None = None,
    human_only: bool = False,
    may_be_learned_from: bool = False,
    external_id: str | None = None,
    by: Any | None = None,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Post:
    """Store a post with its screening. Flag, findings and audit event are written here or nothing is.

    `draw` decides which of the posts that nothing flagged are read by a person all the same.
    """
    screening = screen(text, Context(kind=Kind.POST, language=language, country=country))
    held = screening.held or triage.handling(screening.level).hold_post
    post = Post(
        case=CaseKey.open_case(),
        external_id=external_id,
        text=text,
        language=language,
        country=country,
        received_at=received_at or timezone.now(),
        human_only=human_only,
        may_be_learned_from=may_be_learned_from,
        status=Post.Status.HELD if held else Post.Status.WAITING,
        was_held=held,
        screening_version=screening.version,
        level=screening.level.value,
        tier=(Tier.URGENT if held else screening.tier).value,
    )
    post.save(force_insert=True)
    keep_screening(post, screening)
    keep_topics(post)
    if post.tier == Tier.NONE:
        if triage.is_sampled(draw=draw):
            raise_concern(post, Concern(triage.SAMPLED, Severity.NOTE), by=None)
        queue_reading(post)
    audit.record("post.received", actor=by, object_type="post", object_id=post.id, outcome=post.status)
    return post


def keep_topics(post: Post) -> None:
    """So that supporters can leave a topic to others. A post must arrive whatever becomes of its topics."""
    try:
        found = topics_in(post.text, language=post.language, level=Level(post.level))
    except Exception as error:
        log.exception("topics_failed", extra={"post": str(post.id), "error": type(error).__name__})
        return
    PostTopic.objects.bulk_create(PostTopic(post=post, topic=topic) for topic in found)


@one_transaction
def take_next_post(user: Any) -> Draft | None:
    """Lease the post that waits longest and is of no topic that they leave to others, or go on with the one already leased;
    None when nothing waits."""
    own = Draft.objects.filter(
        author=user,
        status=Draft.Status.WRITING,
        post__leased_by=user,
        post__leased_until__gte=Now(),
        post__status=Post.Status.WAITING,
    ).first()
    if own is not None:
        return own
    for post in Post.objects.waiting_for(user).wanted_by(user).select_related("case")[:20]:
        draft = take_post(post, user)
        if draft is not None:
            return draft
    return None


@one_transaction
def take_post(post: Post, user: Any) -> Draft | None:
    """Lease this one; None when somebody else was first."""
    if not post.lease(user, until=from_now(settings.POST_LEASE)):
        return None
    draft, _created = Draft.objects.get_or_create(post=post, author=user, defaults={"case": post.case})
    audit.record("post.taken", actor=user, object_type="post", object_id=post.id)
    return draft


@one_transaction
def give_back_post(draft: Draft, *, by: Any) -> None:
    """Stop writing to this post: it goes to somebody else, and never comes back to this supporter."""
    if _set_aside(draft) == Draft.Status.RETURNED:
        wait_again(draft.post_id)
    audit.record("post.given_back", actor=by, object_type="post", object_id=draft.post_id)


def _set_aside(draft: Draft) -> str:
    """What the draft was until now."""
    cancel_jobs(SuggestionJob.objects.filter(draft=draft), reason="given_back")
    was = Draft.objects.select_for_update(no_key=True).get(id=draft.id)
    if was.is_open:
        Draft.objects.filter(id=draft.id).update(status=Draft.Status.SET_ASIDE)
    draft.post.end_lease(draft.author_id)
    return was.status


@one_transaction
def give_back_posts_of(author: Any, *, by: Any) -> None:
    """What somebody who goes was writing to waits for somebody else; so does what was returned to them to be written anew."""
    in_hand = Q(status=Draft.Status.WRITING, post__leased_by=author) | Q(status=Draft.Status.RETURNED)
    for draft in Draft.objects.filter(in_hand, author=author).select_related("post"):
        give_back_post(draft, by=by)


@one_transaction
def set_country(draft: Draft, *, country: str, by: Any) -> None:
    """Keep where the seeker says they live: their helplines are shown, and replies are checked against them."""
    post = Post.objects.select_for_update(no_key=True).get(id=draft.post_id)
    if not draft.is_open or post.is_leased_to_another(by):
        raise Refused(
            "not_yours", gettext("This post is no longer yours: it was answered, or somebody else has it now.")
        )
    Post.objects.filter(id=post.id).update(country=country)
    audit.record("post.country_set", actor=by, object_type="post", object_id=post.id)


@one_transaction
def hand_over_post(draft: Draft, *, by: Any) -> None:
    """Give the post back and to a lead. Until one decides, no other supporter is asked to answer it."""
    Draft.objects.select_for_update(no_key=True).only("id").get(id=draft.id)
    post = Post.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(id=draft.post_id)
    returned = post.status == Post.Status.ANSWERED and draft.status == Draft.Status.RETURNED
    if not (post.status == Post.Status.WAITING or returned) or post.is_leased_to_another(by):
        raise Refused(
            "not_yours", gettext("This post is no longer yours: it was answered, or somebody else has it now.")
        )
    _set_aside(draft)
    post.raise_tier(Tier.URGENT)
    Post.objects.filter(id=post.id).update(status=Post.Status.HELD, was_held=True, approval=None)
    post.refresh_from_db(fields=["status", "tier", "was_held", "approval"])
    raise_concern(post, Concern(triage.HANDED_OVER, Severity.HOLD, hand_over=True, more=True), by=by)
    audit.record("post.given_back", actor=by, object_type="post", object_id=post.id)
    audit.record("post.handed_over", actor=by, object_type="post", object_id=post.id)
