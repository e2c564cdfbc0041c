"""What the pages about looking after oneself are given: plain values, decided here so that templates decide nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from assistant import exposure, shift, triage
from assistant.access import HEAR_SUPPORTERS, shared_check_ins
from assistant.care_forms import CheckInForm, TopicsForm
from assistant.models import CheckIn, LeftOutTopic, Post, TalkRequest
from assistant.safety.topics import topics
from assistant.safety.types import Level

WEEK = timedelta(days=7)
SHOWN = 20  # posts that are left out, and check-ins, on one page


def offer(request: HttpRequest) -> dict[str, Any]:
    """After a heavy post, or after many: pause, talk to a lead, or go on."""
    paused = shift.paused_at(request)
    reminded = paused is None and shift.is_to_be_reminded(request)
    offered = paused is None and (reminded or shift.comes_from_a_heavy_post(request))
    page: dict[str, Any] = {"paused_at": paused}
    if offered:
        page |= {"offer": {"reminded": reminded, "hours": f"{settings.CARE_DOSE_HOURS:g}"}, "talk": talk(request.user)}
    return page


def talk(user: Any) -> dict[str, Any]:
    """Whom one can ask to talk, and what came of asking."""
    last = TalkRequest.objects.filter(by=user).select_related("taken_by").order_by("-at").first()
    others = get_user_model().objects.with_perm(HEAR_SUPPORTERS, include_superusers=False, backend=_BACKEND)
    return {
        "leads": sorted(others.exclude(pk=user.pk).values_list("username", flat=True)),
        "asked": last if last and last.taken_at is None else None,
        "taken_up": last if last and last.taken_at else None,
    }


# Asked only for what roles bring; it signs nobody in.
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def left_out(user: Any) -> dict[str, Any]:
    """Posts that wait and are of topics that this person leaves to others: those that waited too long for their level by
    themselves, since somebody in danger must never be out of everybody's sight."""
    others = Post.objects.waiting_for(user).exclude(drafts__author=user)  # what they took already is among their drafts
    posts = others.left_out_by(user).prefetch_related("topics")
    mine = set(user.left_out_topics.values_list("topic", flat=True))
    rows = [_left_out_row(post, mine) for post in posts]
    return {
        "overdue": [row for row in rows if row["overdue"]],
        "left_out": [row for row in rows if not row["overdue"]][:SHOWN],
        "left_out_count": sum(not row["overdue"] for row in rows),
    }


def _left_out_row(post: Post, mine: set[str]) -> dict[str, Any]:
    clock = triage.clock(post.level)
    found = {row.topic for row in post.topics.all()} & mine
    return {
        "post": post,
        "level": post.level,
        "topics": ", ".join(gettext(topic.label) for topic in topics().values() if topic.code in found),
        "overdue": clock is not None and timezone.now() - post.received_at > clock,
        "take_url": reverse("assistant:take_post", args=[post.id]),
    }


def care_page(user: Any, *, check_in_form: CheckInForm | None = None) -> dict[str, Any]:
    check_ins = list(CheckIn.objects.filter(by=user).select_related("case")[:SHOWN])
    chosen = list(LeftOutTopic.objects.filter(by=user).values_list("topic", flat=True))
    ended = not check_ins or check_ins[0].moment == CheckIn.Moment.AFTER
    moment = CheckIn.Moment.BEFORE if ended else CheckIn.Moment.AFTER
    return {
        "talk": talk(user),
        "check_in_form": check_in_form or CheckInForm(initial={"moment": moment}),
        "check_ins": check_ins,
        "topics_form": TopicsForm(initial={"topics": chosen}),
        "read": read_tables(user),
        "days": settings.CARE_DAYS,
        "words_limit": settings.MAX_CHECK_IN,
    }


def read_tables(user: Any) -> list[dict[str, Any]]:
    """By level and by topic: what was opened and answered, today and in seven days; only what occurred."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    windows = {
        "today": exposure.read_since(user, midnight),
        "week": exposure.read_since(user, timezone.now() - WEEK),
    }

    def row(key: int | str, label: str) -> dict[str, Any]:
        counts = {name: {"opened": read.opened[key], "answered": read.answered[key]} for name, read in windows.items()}
        return {"label": label, **counts}

    levels = [
        row(
            level.value,
            gettext("Level %(level)s: %(words)s") % {"level": level.value, "words": gettext(triage.LEVEL_WORDS[level])},
        )
        for level in Level
    ]
    by_topic = [row(topic.code, gettext(topic.label)) for topic in topics().values()]
    tables = [(gettext("By level"), levels), (gettext("By topic"), by_topic)]
    filled = [{"name": name, "rows": [one for one in rows if any(one["week"].values())]} for name, rows in tables]
    return [table for table in filled if table["rows"]]


def supporters_page(lead: Any) -> dict[str, Any]:
    """For leads: who asked to talk, and what was shared with them."""
    taken = TalkRequest.objects.exclude(taken_at=None).filter(by__is_active=True, taken_at__gte=timezone.now() - WEEK)
    return {
        "asked": TalkRequest.objects.open_for(lead).select_related("by"),
        "taken": taken.select_related("by", "taken_by").order_by("-taken_at")[:SHOWN],
        "shared": shared_check_ins().exclude(by=lead).order_by("-shared_at")[:SHOWN],
    }


def export(user: Any) -> dict[str, Any]:
    """Everything that the page keeps or counts of this person, for them to take along."""
    return {
        "check_ins": [
            {
                "moment": row.moment,
                "feeling": row.feeling,
                "words": row.words,
                "at": row.at.isoformat(),
                "shared_at": _iso(row.shared_at),
            }
            for row in CheckIn.objects.filter(by=user).select_related("case")
        ],
        "asked_to_talk": [
            {
                "at": row.at.isoformat(),
                "taken_up_by": row.taken_by.username if row.taken_by else None,
                "taken_up_at": _iso(row.taken_at),
            }
            for row in TalkRequest.objects.filter(by=user).select_related("taken_by")
        ],
        "topics_left_out": sorted(LeftOutTopic.objects.filter(by=user).values_list("topic", flat=True)),
        "read": read_tables(user),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
