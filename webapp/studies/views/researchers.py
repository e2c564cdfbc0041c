"""For researchers: setting a study up step by step, opening it, seeing how far it is, ending it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.access import needs
from assistant.actions import Refused
from webapp.studies import generating, importing, opening, picking, planning
from webapp.studies import research_page as page
from webapp.studies.forms_research import (
    AllowForm,
    ArmForm,
    ConsentForm,
    EraseForm,
    ItemsForm,
    PickForm,
    PromiseForm,
    QuestionForm,
    RaterForm,
    SizeForm,
)
from webapp.studies.models import Study
from webapp.studies.research_access import RUN_STUDIES, arm_of, item_of, output_of, rater_of, study_for

FORM_OR_PAGE = ["GET", "POST"]


@require_GET
@needs(RUN_STUDIES)
def studies(request: HttpRequest) -> HttpResponse:
    return render(request, "studies/research_list.html", page.studies_page(request.user))


@require_GET
@needs(RUN_STUDIES)
def study(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    return render(request, "studies/research_study.html", page.study_page(study_for(request.user, study_id)))


# Steps with one form each


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def start_study(request: HttpRequest) -> HttpResponse:
    form = QuestionForm(_sent(request), initial={"form": Study.Form.SCALES})
    if form.is_valid():
        try:
            row = planning.start_study(**form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, gettext("Begun. Go through the steps in any order."))
            return redirect("studies:research_study", row.id)
    return render(request, "studies/research_question.html", {"form": form}, status=_status(request))


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def question(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = QuestionForm(_sent(request), initial=_now(row, "name", "question", "form"))
    return _step(request, row, form, planning.change_question, "question", at="name")


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def size(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    fields = ("lay_ratings", "clinician_ratings", "most_per_rater", "seed")
    form = SizeForm(_sent(request), initial=_now(row, *fields))
    return _step(request, row, form, planning.change_size, "size")


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def promise(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    initial = _now(row, "candidate", "reference", "dimension", "margin")
    form = PromiseForm(_sent(request), study=row, initial=initial)
    return _step(request, row, form, planning.promise, "promise")


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def consent(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = ConsentForm(_sent(request), initial=_now(row, "consent", "pairs_for_training"))
    return _step(request, row, form, planning.change_consent, "consent")


def _step(
    request: HttpRequest, row: Study, form: forms.Form, act: Callable[..., None], name: str, at: str | None = None
) -> HttpResponse:
    """One page, one form, one act; then back to the steps. `at`: the field that a refusal is about."""
    if form.is_valid():
        try:
            act(row, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(at if refusal.status == 422 else None, str(refusal))
        else:
            messages.success(request, gettext("Saved."))
            return redirect("studies:research_study", row.id)
    found = {"study": row, "form": form, "planned": row.status == Study.Status.PLANNED}
    return render(request, f"studies/research_{name}.html", found, status=_status(request))


def _now(row: Study, *fields: str) -> dict[str, Any]:
    return {field: getattr(row, field) for field in fields}


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _status(request: HttpRequest) -> int:
    """A page that comes back after a form was sent says that nothing was done."""
    return 422 if request.method == "POST" else 200


# Arms and items


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def arms(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = ArmForm(_sent(request))
    if form.is_valid():
        try:
            planning.add_arm(row, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error("key", str(refusal))
        else:
            messages.success(request, gettext("Added."))
            return redirect("studies:research_arms", row.id)
    found = {"study": row, "form": form, "arms": row.arms.select_related("version")}
    return render(request, "studies/research_arms.html", found, status=_status(request))


@require_POST
@needs(RUN_STUDIES)
def remove_arm(request: HttpRequest, study_id: uuid.UUID, arm_key: str) -> HttpResponse:
    row = study_for(request.user, study_id)
    arm = arm_of(row, arm_key)
    return _act(request, "research_arms", row, lambda: planning.remove_arm(row, arm, by=request.user))


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def items(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = ItemsForm(_sent(request))
    problems: list[importing.Problem] = []
    if form.is_valid():
        rows, problems = importing.read_items(form.cleaned_data["lines"], row)
        if not problems:
            try:
                importing.add_items(row, rows, by=request.user)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                said = ngettext("%(n)s item was added.", "%(n)s items were added.", len(rows))
                messages.success(request, said % {"n": len(rows)})
                return redirect("studies:research_items", row.id)
    return _items(request, row, form=form, problems=problems)


@require_POST
@needs(RUN_STUDIES)
def pick(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = PickForm(request.POST)
    if form.is_valid():
        try:
            count = picking.pick_items(row, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            said = ngettext("%(n)s item was picked.", "%(n)s items were picked.", count)
            messages.success(request, said % {"n": count})
            return redirect("studies:research_items", row.id)
    return _items(request, row, pick_form=form)


def _items(
    request: HttpRequest,
    row: Study,
    *,
    form: ItemsForm | None = None,
    pick_form: PickForm | None = None,
    problems: list[importing.Problem] | None = None,
) -> HttpResponse:
    found = page.items_page(row) | {
        "form": form or ItemsForm(),
        "pick_form": pick_form or PickForm(initial={"count": 40, "seed": row.seed}),
        "problems": problems,
        "most_lines": importing.MOST_LINES,
        "could_be_picked": len(picking.eligible(row)) if row.status == Study.Status.PLANNED else 0,
    }
    return render(request, "studies/research_items.html", found, status=_status(request))


@require_POST
@needs(RUN_STUDIES)
def write_outputs(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _act(request, "research_items", row, lambda: generating.ask_for_outputs(row, by=request.user))


@require_GET
@needs(RUN_STUDIES)
def writing(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """How far the models are: asked for by the page of items, which stops asking when nothing is written any more."""
    found = page.items_page(study_for(request.user, study_id)) | {"alone": True}
    return render(request, "studies/_research_writing.html", found)


@require_GET
@needs(RUN_STUDIES)
def item(request: HttpRequest, study_id: uuid.UUID, study_item_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    found = page.item_page(row, item_of(row, study_item_id)) | {"form": AllowForm()}
    return render(request, "studies/research_item.html", found)


@require_POST
@needs(RUN_STUDIES)
def remove_item(request: HttpRequest, study_id: uuid.UUID, study_item_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    found = item_of(row, study_item_id)
    return _act(request, "research_items", row, lambda: planning.remove_item(row, found, by=request.user))


@require_POST
@needs(RUN_STUDIES)
def allow_output(request: HttpRequest, study_id: uuid.UUID, output_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    output = output_of(row, output_id)
    form = AllowForm(request.POST)
    if form.is_valid():
        try:
            opening.allow_output(row, output, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Raters are given this text."))
            return redirect("studies:research_item", row.id, output.item_id)
    found = page.item_page(row, item_of(row, output.item_id)) | {"form": form, "asked": output.id}
    return render(request, "studies/research_item.html", found, status=422)


@require_POST
@needs(RUN_STUDIES)
def leave_out(request: HttpRequest, study_id: uuid.UUID, output_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    output = output_of(row, output_id)
    return _act(request, "research_items", row, lambda: opening.leave_output_out(row, output, by=request.user))


# Raters


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def raters(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = RaterForm(_sent(request), initial={"panel": "lay"})
    if form.is_valid():
        try:
            planning.add_rater(row, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error("credentials" if refusal.code == "named" else "name", str(refusal))
        else:
            messages.success(request, gettext("Added."))
            return redirect("studies:research_raters", row.id)
    return render(
        request, "studies/research_raters.html", page.raters_page(row) | {"form": form}, status=_status(request)
    )


@require_POST
@needs(RUN_STUDIES)
def remove_rater(request: HttpRequest, study_id: uuid.UUID, rater_number: int) -> HttpResponse:
    row = study_for(request.user, study_id)
    rater = rater_of(row, rater_number)
    return _act(request, "research_raters", row, lambda: planning.remove_rater(row, rater, by=request.user))


# Its life


@require_GET
@needs(RUN_STUDIES)
def check(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    return render(request, "studies/research_check.html", page.check_page(study_for(request.user, study_id)))


@require_POST
@needs(RUN_STUDIES)
def open_study(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    try:
        opening.open_study(row, by=request.user)
    except Refused as refusal:
        found = page.check_page(study_for(request.user, study_id)) | {"refusal": str(refusal)}
        return render(request, "studies/research_check.html", found, status=refusal.status)
    messages.success(request, gettext("Open. The plan is kept as it is now; raters see the study from now on."))
    return redirect("studies:research_study", row.id)


@require_POST
@needs(RUN_STUDIES)
def pause(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _act(request, "research_study", row, lambda: opening.pause_study(row, by=request.user))


@require_POST
@needs(RUN_STUDIES)
def resume(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _act(request, "research_study", row, lambda: opening.resume_study(row, by=request.user))


@require_POST
@needs(RUN_STUDIES)
def close(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _act(request, "research_study", row, lambda: opening.close_study(row, by=request.user))


@require_http_methods(FORM_OR_PAGE)
@needs(RUN_STUDIES)
def erase(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    form = EraseForm(_sent(request), study=row)
    if form.is_valid():
        opening.erase_study(row, by=request.user)
        messages.success(request, gettext("Erased."))
        return redirect("studies:research")
    return render(request, "studies/research_erase.html", {"study": row, "form": form}, status=_status(request))


def _act(request: HttpRequest, back: str, row: Study, act: Callable[[], object]) -> HttpResponse:
    """One act without a form, then back to where its button stands, with the reason where it was refused."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(f"studies:{back}", row.id)
