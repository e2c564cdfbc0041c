"""The supporter's screens and buttons: load through access, validate with a form, call one action, answer."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant import access, actions, screens
from assistant.access import ENTER_POSTS, WRITE_REPLIES, needs
from assistant.dispatch import (
    forget_after_commit,
    prepare_after_commit,
    wake_after_commit,
    wake_reading_after_commit,
)
from assistant.forms import AskForm, CountryForm, DraftForm, PostForm, SendForm, VerdictForm, WorryForm
from assistant.inference.types import Mode
from assistant.models import Draft, Post, Reply, SuggestionJob
from assistant.streaming.chunks import read_after


@require_GET
@needs(WRITE_REPLIES)
def posts(request: HttpRequest) -> HttpResponse:
    """Where a supporter starts: the next person, and what they are writing."""
    drafts = access.drafts_of(request.user).filter(status__in=[Draft.Status.WRITING, Draft.Status.RETURNED])
    open_drafts = drafts.order_by("-created_at")[:30]
    waiting = Post.objects.waiting_for(request.user).count()
    return render(
        request,
        "assistant/posts.html",
        {
            "mine": [screens.draft_row(draft) for draft in open_drafts],
            "waiting": waiting,
            "nothing_waits": waiting == 0,
        },
    )


@require_POST
@needs(WRITE_REPLIES)
def next_post(request: HttpRequest) -> HttpResponse:
    draft = actions.take_next_post(request.user)
    if draft is None:
        messages.info(request, "Nobody is waiting right now.")
        return redirect("assistant:posts")
    return redirect("assistant:draft", draft.id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ENTER_POSTS)
def enter_post(request: HttpRequest) -> HttpResponse:
    form = PostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wake_reading_after_commit(actions.receive_post(**form.cleaned_data, by=request.user))
        messages.success(
            request, "The post was stored and screened. It waits for a supporter, or for a moderator if it was held."
        )
        return redirect("assistant:enter_post")
    return render(request, "assistant/enter_post.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@needs(WRITE_REPLIES)
def draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The writing page."""
    row = access.draft_for(request.user, draft_id)
    prepare_after_commit(row)
    return render(request, "assistant/draft.html", screens.writing_page(row, request.user))


@require_POST
@needs(WRITE_REPLIES)
def save_draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    try:
        head = actions.head_after_saving(row, **form.cleaned_data)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    if wants_page(request):
        return redirect("assistant:draft", row.id)
    prepare_after_commit(row)
    return JsonResponse(screens.saved(head))


@require_POST
@needs(WRITE_REPLIES)
def ask(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Ask the model for help with this draft."""
    row = access.draft_for(request.user, draft_id)
    form = AskForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    asked = form.cleaned_data
    try:
        job = actions.ask_for_help(
            row,
            by=request.user,
            text=asked["text"],
            base=asked["base"],
            mode=Mode(asked["mode"]),
            client_key=asked["client_key"],
            because=asked["reason"],
        )
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    if job.status == SuggestionJob.Status.QUEUED:
        wake_after_commit(job)
    if wants_page(request):
        return redirect("assistant:draft", row.id)
    return JsonResponse(screens.job_started(job), status=202)


@require_POST
@needs(WRITE_REPLIES)
def check(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What the checks find in the reply as it is typed, before it is sent. Nothing is stored, and nobody is told."""
    row = access.draft_for(request.user, draft_id)
    form = SendForm(request.POST)
    is_fragment = bool(request.headers.get("HX-Request"))
    if not form.is_valid():
        if is_fragment:
            return render(request, "assistant/_checked.html", {"problem": first_message(form)})
        return invalid(request, row, form)
    text = form.cleaned_data["text"]
    checked = screens.checked(text, actions.screen_reply(text, row.post))
    if is_fragment:
        return render(request, "assistant/_checked.html", {"checked": checked})
    page = screens.writing_page(row, request.user) | {"checked": checked}
    if row.is_open:
        page |= {"unsent": True, "unsent_text": text, "unsent_base": form.cleaned_data["base"]}
    return render(request, "assistant/draft.html", page)


@require_POST
@needs(WRITE_REPLIES)
def send(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Send the reply, or hold it for a moderator. Works as a plain form: on a refusal the page comes back with the text."""
    row = access.draft_for(request.user, draft_id)
    form = SendForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    try:
        head = actions.head_after_saving(row, text=form.cleaned_data["text"], base=form.cleaned_data["base"])
        reply = actions.send_reply(row, by=request.user, revision=head)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    forget_after_commit(row.case_id)
    if reply.status == Reply.Status.HELD:
        messages.info(
            request, "A moderator will read this reply before it is sent. You will see here what they decided."
        )
    else:
        messages.success(request, "Sent. Thank you for being there.")
    return redirect("assistant:reply", reply.id)


@require_POST
@needs(WRITE_REPLIES)
def set_country(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    form = CountryForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    try:
        actions.set_country(row, country=form.cleaned_data["country"], by=request.user)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    return redirect("assistant:draft", row.id)


@require_POST
@needs(WRITE_REPLIES)
def give_back(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    actions.give_back_post(row, by=request.user)
    forget_after_commit(row.case_id)
    messages.info(request, "Given back. Somebody else will answer. What you wrote is kept with the post.")
    return redirect("assistant:posts")


@require_POST
@needs(WRITE_REPLIES)
def hand_over(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Give the post to a lead. What was typed is kept with it."""
    row = access.draft_for(request.user, draft_id)
    keep_typed(request, row)
    try:
        actions.hand_over_post(row, by=request.user)
    except actions.Refused as refusal:
        return page_again(request, row, str(refusal), status=refusal.status)
    forget_after_commit(row.case_id)
    messages.success(
        request, "Handed over. A lead takes it from here; what you wrote is kept with the post. Thank you."
    )
    return redirect("assistant:posts")


@require_POST
@needs(WRITE_REPLIES)
def worry(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The supporter's own "I'm worried": a moderator looks at the post. A note or a draft that cannot be stored is no reason
    to lose the worry: it is recorded first."""
    row = access.draft_for(request.user, draft_id)
    form = WorryForm(request.POST)
    form.is_valid()
    said = {"note": form.cleaned_data.get("note", ""), "now": form.cleaned_data.get("now", False)}
    actions.worry(row.post, by=request.user, **said)
    problem = "" if not form.errors else f"A moderator was asked; your note was not kept. {first_message(form)}"
    if request.headers.get("HX-Request"):
        part = screens.worry_part(row, request.user) | {
            "problem": problem,
            "worry_note": problem and request.POST["note"],
        }
        return render(request, "assistant/_worry.html", part)
    problem = problem or keep_typed(request, row)
    if problem:
        return page_again(request, row, problem, status=422)
    messages.success(request, "Thank you. A moderator has been asked to look at this post.")
    return redirect(screens.where_to_read(row))


@require_GET
@needs(WRITE_REPLIES)
def stream(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The HTTP twin of the socket: the same pieces, asked for once a second."""
    row = access.job_for(request.user, job_id)
    try:
        after, attempt = int(request.GET.get("after", 0)), int(request.GET.get("attempt", 0))
    except ValueError:
        return JsonResponse({"error": "bad_number", "message": "after and attempt are whole numbers."}, status=400)
    state = read_after(row.id, attempt=attempt, seq=after)
    if state is None:
        return JsonResponse({"error": "missing", "message": "This is no longer there."}, status=404)
    return JsonResponse(screens.stream_state(state))


@require_POST
@needs(WRITE_REPLIES)
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = access.job_for(request.user, job_id)
    actions.cancel_job(row, by=request.user)
    row.refresh_from_db()
    if wants_page(request):
        return redirect("assistant:draft", row.draft_id)
    return JsonResponse({"job": str(row.id), "status": row.status})


@require_GET
@needs(WRITE_REPLIES)
def suggestion(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The change list of a finished job, as a fragment."""
    row = access.job_for(request.user, job_id)
    return render(request, "assistant/_suggestion.html", screens.suggestion_of_job(row))


@require_POST
@needs(WRITE_REPLIES)
def decide_change(request: HttpRequest, suggestion_id: uuid.UUID, index: int) -> HttpResponse:
    """Use one change, keep one's own words, or undo; the text as it is after that comes along."""
    row = access.suggestion_for(request.user, suggestion_id)
    draft_row = access.draft_for(request.user, row.job.draft_id)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return invalid(request, draft_row, form)
    decided = form.cleaned_data
    try:
        head = actions.decide_change(
            row,
            draft=draft_row,
            index=index,
            verdict=decided["verdict"],
            text=decided["text"],
            base=decided["base"],
            applied=not wants_page(request),
            by=request.user,
        )
    except actions.Refused as refusal:
        return refused(request, draft_row, refusal)
    if wants_page(request):
        return redirect("assistant:draft", draft_row.id)
    prepare_after_commit(draft_row)
    return JsonResponse(screens.saved(head) | {"verdict": decided["verdict"], "index": index})


@require_POST
@needs(WRITE_REPLIES)
def report_suggestion(request: HttpRequest, suggestion_id: uuid.UUID) -> HttpResponse:
    row = access.suggestion_for(request.user, suggestion_id)
    actions.report(row, by=request.user)
    messages.success(request, "Thank you. A moderator has been asked to look at this suggestion.")
    return redirect("assistant:draft", row.job.draft_id)


@require_GET
@needs(WRITE_REPLIES)
def replies(request: HttpRequest) -> HttpResponse:
    rows = access.replies_of(request.user).order_by("-created_at")[:100]
    return render(request, "assistant/replies.html", {"replies": [screens.reply_row(row) for row in rows]})


@require_GET
@needs(WRITE_REPLIES)
def reply(request: HttpRequest, reply_id: uuid.UUID) -> HttpResponse:
    return render(
        request, "assistant/reply.html", screens.reply_page(access.reply_for(request.user, reply_id), request.user)
    )


@require_POST
@needs(WRITE_REPLIES)
def take_back(request: HttpRequest, reply_id: uuid.UUID) -> HttpResponse:
    row = access.reply_for(request.user, reply_id)
    try:
        actions.take_back_reply(row, by=request.user)
    except actions.Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("assistant:reply", row.id)
    return redirect("assistant:draft", row.draft_id)


def wants_page(request: HttpRequest) -> bool:
    """Whether a plain form was sent, without our script: then the answer is a page, not JSON."""
    return "application/json" not in request.headers.get("Accept", "")


def keep_typed(request: HttpRequest, row: Draft) -> str:
    """Save the text that came along with another button, as it does without our script; why not, when it cannot be."""
    if "text" not in request.POST or not row.is_open:
        return ""
    form = DraftForm(request.POST)
    if not form.is_valid():
        return first_message(form)
    try:
        actions.head_after_saving(row, **form.cleaned_data)
    except actions.Refused as refusal:
        return str(refusal)
    return ""


def first_message(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


def invalid(request: HttpRequest, row: Draft, form: Any) -> HttpResponse:
    field, errors = next(iter(form.errors.as_data().items()))
    message = " ".join(errors[0].messages)
    status = 422 if errors[0].code in ("too_long", "empty", "control_character") else 400
    if wants_page(request):
        return page_again(request, row, message, status=status)
    return JsonResponse({"error": errors[0].code or "invalid", "field": field, "message": message}, status=status)


def refused(request: HttpRequest, row: Draft, refusal: actions.Refused) -> HttpResponse:
    if wants_page(request):
        return page_again(request, row, str(refusal), status=refusal.status)
    body: dict[str, Any] = {"error": refusal.code, "message": str(refusal)}
    if isinstance(refusal, actions.StaleRevision):
        body |= {"revision": refusal.head.number, "text": refusal.head.text, "branch": refusal.branch.number}
    return JsonResponse(body, status=refusal.status)


def page_again(request: HttpRequest, row: Draft, message: str, *, status: int) -> HttpResponse:
    """The writing page with what was typed and why it was refused."""
    row.refresh_from_db()
    page = screens.writing_page(row, request.user)
    page |= {"worry_note": request.POST.get("note", ""), "unsent_message": message}
    if "text" in request.POST:
        page |= {"unsent": True, "unsent_text": request.POST["text"]}
    return render(request, "assistant/draft.html", page, status=status)
