"""How much somebody read and answered, counted from their drafts and replies when they look. Nothing is stored, and nobody
else is told. What counts as heavy rests on no study: it is a setting, for a service to decide with its supporters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from assistant.models import Draft, Post, PostTopic, Reply
from assistant.safety.topics import topics
from assistant.safety.types import Level

HEAVY_TOPIC = Level.ACTIVE  # a post of a heavy topic weighs at least as much as one of this level


@dataclass(frozen=True, slots=True)
class Read:
    """How many posts, by level and by code of topic. A post may have several topics, or none."""

    opened: Counter[int | str]
    answered: Counter[int | str]


def read_since(person: Any, since: datetime) -> Read:
    opened = dict(Draft.objects.filter(author=person, created_at__gte=since).values_list("post_id", "post__level"))
    replies = Reply.objects.filter(
        draft__author=person, created_at__gte=since, status__in=[Reply.Status.SENT, Reply.Status.HELD]
    )
    answered = dict(replies.values_list("draft__post_id", "draft__post__level"))
    return Read(_counted(opened), _counted(answered))


def is_over_dose(person: Any, *, since: datetime | None = None) -> bool:
    """Whether the heavy posts that they opened lately, and not before `since`, weigh as much as CARE_DOSE."""
    begin = timezone.now() - timedelta(hours=settings.CARE_DOSE_HOURS)
    begin = max(begin, since) if since else begin
    posts = Post.objects.filter(drafts__author=person, drafts__created_at__gte=begin).prefetch_related("topics")
    return settings.CARE_DOSE > 0 and sum(weight(post) for post in posts) >= settings.CARE_DOSE


def weight(post: Post) -> int:
    """0 for a post that is not heavy; else its level, and that of a heavy topic at the least."""
    known = topics()
    by_level = post.level if post.level >= settings.CARE_HEAVY_LEVEL else 0
    by_topic = HEAVY_TOPIC if any(row.topic in known and known[row.topic].heavy for row in post.topics.all()) else 0
    return max(by_level, by_topic)


def _counted(levels: dict[Any, int]) -> Counter[int | str]:
    found: Counter[int | str] = Counter(levels.values())
    found.update(_topics_of(levels))
    return found


def _topics_of(posts: Collection[Any]) -> Iterable[str]:
    return PostTopic.objects.filter(post_id__in=list(posts)).values_list("topic", flat=True)
