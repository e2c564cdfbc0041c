"""The posts that wait, and the next person."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant import access, actions, care_screens, shift
from assistant.access import ENTER_POSTS, WRITE_REPLIES, needs
from assistant.dispatch import (
    wake_reading_after_commit,
)
from assistant.forms import PostForm
from assistant.models import Draft, Post
from assistant.screens.drafts import draft_row


@require_GET
@needs(WRITE_REPLIES)
def posts(request: HttpRequest) -> HttpResponse:
    """Where a supporter starts: the next person, and what they are writing."""
    drafts = access.drafts_of(request.user).filter(status__in=[Draft.Status.WRITING, Draft.Status.RETURNED])
    open_drafts = drafts.order_by("-created_at")[:30]
    waiting = Post.objects.waiting_for(request.user).wanted_by(request.user).count()
    return render(
        request,
        "assistant/posts.html",
        {
            "mine": [draft_row(draft) for draft in open_drafts],
            "waiting": waiting,
            "nothing_waits": waiting == 0,
        }
        | care_screens.left_out(request.user)
        | care_screens.offer(request),
    )


@require_POST
@needs(WRITE_REPLIES)
def next_post(request: HttpRequest) -> HttpResponse:
    shift.go_on(request)
    draft = actions.take_next_post(request.user)
    if draft is None:
        messages.info(request, gettext("Nobody is waiting right now."))
        return redirect("assistant:posts")
    return redirect("assistant:draft", draft.id)


@require_POST
@needs(WRITE_REPLIES)
def take_post(request: HttpRequest, post_id: uuid.UUID) -> HttpResponse:
    """Answer one of the posts whose topic this person leaves to others."""
    row = access.left_out_post(request.user, post_id)
    shift.go_on(request)
    draft = actions.take_post(row, request.user)
    if draft is None:
        messages.info(request, gettext("Somebody else has taken this post meanwhile."))
        return redirect("assistant:posts")
    return redirect("assistant:draft", draft.id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ENTER_POSTS)
def enter_post(request: HttpRequest) -> HttpResponse:
    form = PostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wake_reading_after_commit(actions.receive_post(**form.cleaned_data, by=request.user))
        messages.success(
            request,
            gettext("The post was stored and screened. It waits for a supporter, or for a moderator if it was held."),
        )
        return redirect("assistant:enter_post")
    return render(request, "assistant/enter_post.html", {"form": form}, status=422 if form.errors else 200)
