"""How one's own writing goes. Every view is about who asks, and takes nobody's name."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import actions, growth_page
from assistant.access import WRITE_REPLIES, needs
from assistant.forms import CountingForm, HelpForm
from assistant.views.answers import first_message, wants_page


@require_GET
@needs(WRITE_REPLIES)
def growth(request: HttpRequest) -> HttpResponse:
    page = growth_page.growth_page(request.user, by_month=request.GET.get("by") == "month")
    return render(request, "assistant/growth.html", page)


@require_GET
@needs(WRITE_REPLIES)
def numbers(request: HttpRequest) -> HttpResponse:
    """The numbers behind the page, as a file."""
    answer = JsonResponse(growth_page.numbers_file(request.user), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = 'attachment; filename="my-writing.json"'
    return answer


@require_POST
@needs(WRITE_REPLIES)
def choose_help(request: HttpRequest) -> HttpResponse:
    form = HelpForm(request.POST)
    if not form.is_valid():
        if not wants_page(request):
            return JsonResponse({"error": "invalid", "message": first_message(form)}, status=400)
        messages.error(request, gettext("That is none of the choices. Choose one of those on this page."))
        return redirect("assistant:growth")
    choice = actions.choose_help(form.cleaned_data["level"], by=request.user)
    if not wants_page(request):
        return JsonResponse({"level": choice.shown})
    if draft_id := form.cleaned_data["draft"]:
        return redirect("assistant:draft", draft_id)
    messages.success(request, gettext("That is how it is from now on. You can change it here at any time."))
    return redirect("assistant:growth")


@require_POST
@needs(WRITE_REPLIES)
def switch_numbers(request: HttpRequest) -> HttpResponse:
    form = CountingForm(request.POST)
    form.is_valid()
    on = form.cleaned_data["counts"]
    actions.switch_numbers(on=on, by=request.user)
    messages.success(
        request,
        gettext("Counting is on.")
        if on
        else gettext("Nothing is counted any more. What is here stays until you delete it."),
    )
    return redirect("assistant:growth")


@require_POST
@needs(WRITE_REPLIES)
def delete_numbers(request: HttpRequest) -> HttpResponse:
    count = actions.delete_numbers(by=request.user)
    if count:
        messages.success(request, gettext("The numbers are deleted."))
    return redirect("assistant:growth")
