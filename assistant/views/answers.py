"""How the supporter's buttons answer when something is wrong: a page with the typed words still on it, or JSON for our script."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from assistant import actions
from assistant.forms import DraftForm
from assistant.models import Draft
from assistant.screens.writing import writing_page


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
        return page_again(request, row, str(refusal), status=refusal.status, code=refusal.code)
    body: dict[str, Any] = {"error": refusal.code, "message": str(refusal)}
    if isinstance(refusal, actions.StaleRevision):
        body |= {"revision": refusal.head.number, "text": refusal.head.text, "branch": refusal.branch.number}
    return JsonResponse(body, status=refusal.status)


def page_again(request: HttpRequest, row: Draft, message: str, *, status: int, code: str = "") -> HttpResponse:
    """The writing page with what was typed and why it was refused."""
    row.refresh_from_db()
    page = writing_page(row, request.user)
    page |= {"worry_note": request.POST.get("note", ""), "unsent_message": message}
    page["asked_back"] = code == "question_back"
    if "text" in request.POST:
        page |= {"unsent": True, "unsent_text": request.POST["text"]}
    return render(request, "assistant/draft.html", page, status=status)
