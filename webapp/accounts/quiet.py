"""Quiet hours: a person's own, in which no alert pages them. Pure, so that whoever pages asks with any time."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings

if TYPE_CHECKING:
    from webapp.accounts.models import User


def zone_of(user: User) -> str:
    return user.quiet_zone or settings.TIME_ZONE


def is_quiet(user: User, at: datetime) -> bool:
    """By the clock where they live. The hour that begins them is within, the one that ends them is not."""
    if user.quiet_from is None or user.quiet_until is None:
        return False
    local = at.astimezone(ZoneInfo(zone_of(user))).time()
    return _between(user.quiet_from, local, user.quiet_until)


def _between(begins: time, now: time, ends: time) -> bool:
    if begins < ends:
        return begins <= now < ends
    return now >= begins or now < ends  # over midnight
