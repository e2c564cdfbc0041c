"""From one flag to the next, for who goes through them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from assistant.access import needs
from moderation import actions
from moderation.policy import DECIDE_FLAGS

ONWARD = "onward"  # in a form or an address: after this flag comes the next one


@require_POST
@needs(DECIDE_FLAGS)
def next_flag(request: HttpRequest) -> HttpResponse:
    row = actions.hand_next(request.user)
    if row is None:
        messages.info(request, gettext("Nothing is free for you right now."))
        return redirect("moderation:queue")
    return redirect(f"{reverse('moderation:flag', args=[row.id])}?{ONWARD}=1")


def onward(request: HttpRequest) -> HttpResponse:
    """After a flag: the next one for who asked for that, else the queue."""
    answer: HttpResponse = next_flag(request) if ONWARD in request.POST else redirect("moderation:queue")
    return answer
