"""A reply that came back to its author: theirs to write on for as long as a taken post is, and then anybody's to answer."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from assistant import triage
from assistant.actions.screenings import raise_concern
from assistant.models import Draft, Post, Reply
from assistant.models.clock import from_now
from assistant.safety.types import Severity, Tier
from assistant.signals import Concern
from assistant.transactions import one_transaction
from assistant.vault import audit

if TYPE_CHECKING:
    from assistant.models.conversation import PostQuerySet

AT_A_TIME = 200
ON_ITS_WAY = (Reply.Status.HELD, Reply.Status.SENT)
CAME_BACK = (Reply.Status.RETURNED, Reply.Status.TAKEN_BACK)


def keep_for_author(draft: Draft) -> None:
    """In the transaction in which it comes back, and whenever they write on."""
    Post.objects.filter(id=draft.post_id, status=Post.Status.ANSWERED).update(
        leased_by=draft.author_id, leased_until=from_now(settings.POST_LEASE)
    )


def without_reply() -> PostQuerySet:
    """Posts that count as answered, and no reply to them is held or sent."""
    replies = Reply.objects.filter(status__in=ON_ITS_WAY).values("draft__post")
    return Post.objects.readable().filter(status=Post.Status.ANSWERED).exclude(id__in=replies)


def let_go_rested() -> int:
    """For the sweeper: of those whose author was away for too long; how many."""
    rested = Q(post__leased_until=None) | Q(post__leased_until__lt=Now())
    came_back = Reply.objects.filter(status__in=CAME_BACK).values("draft")
    drafts = Draft.objects.filter(rested, status=Draft.Status.RETURNED, id__in=came_back, case__destroyed_at=None)
    posts = drafts.filter(post__status=Post.Status.ANSWERED).values_list("post", flat=True)
    return sum(let_go(post_id) for post_id in list(posts[:AT_A_TIME]))


@one_transaction
def let_go(post_id: uuid.UUID) -> bool:
    """Let somebody else answer; false where it was written on, or sent, meanwhile. What was written stays with its author, who
    goes on for as long as nobody has taken the post."""
    drafts = Draft.objects.select_for_update(no_key=True).filter(post=post_id, status=Draft.Status.RETURNED)
    ids = [draft.id for draft in drafts.order_by("id")]  # the draft before the post, as whoever saves or sends does
    Post.objects.select_for_update(no_key=True).get(id=post_id)
    rested = Q(leased_until=None) | Q(leased_until__lt=Now())
    if not without_reply().filter(rested, id=post_id).exists():
        return False
    Draft.objects.filter(id__in=ids).update(status=Draft.Status.WRITING)
    wait_again(post_id)
    return True


def wait_again(post_id: uuid.UUID) -> None:
    """A post whose answer will not come. Where its level asks for that, a moderator looks before anybody else answers."""
    post = Post.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(id=post_id)
    if not without_reply().filter(id=post_id).exists():
        return
    free = {"leased_by": None, "leased_until": None}
    if triage.handling(post.level).hold_post:
        post.raise_tier(Tier.URGENT)
        held = {"status": Post.Status.HELD, "was_held": True, "approval": None}
        Post.objects.filter(id=post_id).update(**held, **free)
        post.refresh_from_db(fields=["status", "tier", "was_held", "approval"])
        raise_concern(post, Concern(triage.LEFT, Severity.HOLD), by=None)
    else:
        Post.objects.filter(id=post_id).update(status=Post.Status.WAITING, **free)
        post.refresh_from_db(fields=["status"])
    audit.record("post.waits_again", actor=None, object_type="post", object_id=post_id, outcome=post.status)
