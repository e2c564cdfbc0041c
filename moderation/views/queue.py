"""The queue, its rows, and one decision about several of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.dispatch import forget_after_commit
from assistant.vault import audit
from assistant.views.answers import first_message
from moderation import actions, queue
from moderation.forms import TogetherForm, UndoTogetherForm
from moderation.models import Decision, Flag
from moderation.policy import DECIDE_FLAGS, VIEW_FLAGS
from moderation.queue_filters import Chosen


@require_GET
@needs(VIEW_FLAGS)
def queue_page(request: HttpRequest) -> HttpResponse:
    page = queue.queue_page(request.user, request.GET.dict())
    if page["flags"]:  # rows have stretches of what people wrote
        with transaction.atomic(savepoint=False):
            rows = f"{len(page['flags'])} rows"
            audit.record("queue.viewed", actor=request.user, object_type="queue", object_id="", code=rows)
    return render(request, "moderation/queue.html", queue.with_sample(page, request.user))


@require_GET
@needs(VIEW_FLAGS)
def queue_rows(request: HttpRequest) -> HttpResponse:
    """The rows, with the filters' numbers: the page fetches them again when something changed. The event of the page stands for
    that, too: one for each time would fill the audit log with what no person did."""
    page = queue.queue_page(request.user, request.GET.dict()) | {"with_filters": True}
    return render(request, "moderation/_queue_rows.html", page)


@require_POST
@needs(DECIDE_FLAGS)
def decide_together(request: HttpRequest) -> HttpResponse:
    """What became of each is a page, not a message: some of them may need another look."""
    form = TogetherForm(request.POST)
    if not form.is_valid():
        page = queue.with_sample(queue.queue_page(request.user, request.GET.dict()), request.user)
        typed = {name: request.POST.get(name, "") for name in ("policy", "closed_as", "reason")}
        chosen = {"chosen": request.POST.getlist("chosen")}
        refusal = first_message(form)
        return render(
            request, "moderation/queue.html", page | {"typed": typed | chosen, "refusal": refusal}, status=422
        )
    results = actions.decide_together(**form.cleaned_data, by=request.user)
    if form.cleaned_data["outcome"] == Decision.Outcome.REJECT:  # of a post: nobody writes to it any more
        done = Flag.objects.filter(id__in=[result.flag_id for result in results if result.code == "done"])
        for case_id in done.values_list("case_id", flat=True):
            forget_after_commit(case_id)
    return _results(request, queue.results_page(results, request.user))


@require_POST
@needs(DECIDE_FLAGS)
def undo_together(request: HttpRequest) -> HttpResponse:
    form = UndoTogetherForm(request.POST)
    if not form.is_valid():
        return _results(request, queue.undone_page([], request.user) | {"refusal": first_message(form)}, status=422)
    results = actions.undo_together(**form.cleaned_data, by=request.user)
    return _results(request, queue.undone_page(results, request.user))


def _results(request: HttpRequest, page: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """With the way back to the filters that were chosen."""
    query = Chosen.of(request.GET.dict()).query()
    return render(request, "moderation/queue_together.html", page | {"query": query}, status=status)
