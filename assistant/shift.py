"""What a session remembers of somebody's shift: no table holds it, and it ends with signing out."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from assistant import exposure
from assistant.models import Post

_AFTER_HEAVY = "care.after_heavy"
_PAUSED = "care.paused_at"
_RESTED = "care.rested_at"
_NOT_REMINDED = "care.not_reminded"


def finished_with(request: HttpRequest, post: Post) -> None:
    """The supporter sent, gave back or handed over: after a heavy post the next page offers a pause."""
    if exposure.weight(post):
        request.session[_AFTER_HEAVY] = True


def comes_from_a_heavy_post(request: HttpRequest) -> bool:
    return bool(request.session.get(_AFTER_HEAVY))


def is_to_be_reminded(request: HttpRequest) -> bool:
    """Whether they read so much since the last pause that one is offered. Not when they said that they want no more of that."""
    if request.session.get(_NOT_REMINDED):
        return False
    return exposure.is_over_dose(request.user, since=_time(request, _RESTED))


def paused_at(request: HttpRequest) -> datetime | None:
    return _time(request, _PAUSED)


def pause(request: HttpRequest) -> None:
    request.session.pop(_AFTER_HEAVY, None)
    request.session.setdefault(_PAUSED, timezone.now().isoformat())


def go_on(request: HttpRequest, *, remind: bool = True) -> None:
    """`remind`: False for the rest of the shift."""
    request.session.pop(_AFTER_HEAVY, None)
    if request.session.pop(_PAUSED, None):
        request.session[_RESTED] = timezone.now().isoformat()
    if not remind:
        request.session[_NOT_REMINDED] = True


def end(request: HttpRequest) -> None:
    for key in (_AFTER_HEAVY, _PAUSED, _RESTED, _NOT_REMINDED):
        request.session.pop(key, None)


def _time(request: HttpRequest, key: str) -> datetime | None:
    said = request.session.get(key)
    return datetime.fromisoformat(said) if said else None
