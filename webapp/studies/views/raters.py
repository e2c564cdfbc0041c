"""The way of somebody who rates: their studies, agreeing, one text after the other, pauses, the end, and leaving."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.access import needs
from assistant.actions import Refused
from webapp.studies import rating, rating_page
from webapp.studies.forms_rating import (
    FIRST,
    NEITHER,
    AnswerForm,
    CommentForm,
    ConsentForm,
    ScalesForm,
    SkipForm,
    TrainingForm,
    WithdrawForm,
)
from webapp.studies.models import Assignment, Item, Rater, Study
from webapp.studies.rater_access import RATE_REPLIES, assignment_for, comment_of, rater_for, raters_of


@require_GET
@needs(RATE_REPLIES)
def rate(request: HttpRequest) -> HttpResponse:
    return render(request, "studies/rate_studies.html", rating_page.studies_page(raters_of(request.user)))


@require_GET
@needs(RATE_REPLIES)
def study(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """Leads to what comes next in this study."""
    rater = rater_for(request.user, study_id)
    if rater.withdrew_at is not None or rater.study.status != Study.Status.OPEN:
        return at_rest(request, rater)
    if rater.consented_at is None:
        return redirect("studies:rate_consent", study_id)
    row = rating.next_of(rater)
    if row is not None:
        return redirect("studies:rate_text", row.id)
    return render(request, "studies/rate_end.html", rating_page.end_page(rater))


# Taking part


@require_http_methods(["GET", "HEAD", "POST"])
@needs(RATE_REPLIES)
def consent(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """What they agree to, or agreed to; from here they also withdraw."""
    rater = rater_for(request.user, study_id)
    if rater.withdrew_at is not None or (rater.consented_at is None and rater.study.status != Study.Status.OPEN):
        return at_rest(request, rater)
    if request.method != "POST":
        return consent_page(request, rater)
    form = ConsentForm(request.POST, asks_for_training=rater.study.pairs_for_training)
    if not form.is_valid():
        return consent_page(request, rater, form=form, status=422)
    said = form.cleaned_data
    try:
        rating.agree(rater, wording=said["wording"], may_train=said.get("may_train", False), by=request.user)
    except Refused as refused:
        return consent_page(request, rater, refusal=str(refused), status=refused.status)
    return redirect("studies:rate_study", study_id)


def consent_page(
    request: HttpRequest, rater: Rater, *, form: ConsentForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    asks = rater.study.pairs_for_training
    wording = {"wording": rating.wording_of(rater.study)}
    page = {
        "rater": rater,
        "study": rater.study,
        "form": form or ConsentForm(initial=wording, asks_for_training=asks),
        "withdraw_form": WithdrawForm(auto_id="withdraw_%s"),
        "refusal": refusal,
    }
    return render(request, "studies/rate_consent.html", page, status=status)


@require_POST
@needs(RATE_REPLIES)
def training(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """Whether a model may learn from their ratings, said later than with the consent."""
    rater = rater_for(request.user, study_id)
    form = TrainingForm(request.POST)
    form.is_valid()  # a box is ticked or it is not
    rating.let_models_learn(rater, may_train=form.cleaned_data["may_train"], by=request.user)
    messages.success(request, gettext("Saved."))
    return redirect("studies:rate_consent", study_id)


@require_POST
@needs(RATE_REPLIES)
def withdraw(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    rater = rater_for(request.user, study_id)
    form = WithdrawForm(request.POST, auto_id="withdraw_%s")
    if not form.is_valid():
        page = {"rater": rater, "study": rater.study, "withdraw_form": form}
        return render(request, "studies/rate_withdraw.html", page, status=422)
    rating.withdraw(rater, by=request.user)
    return redirect("studies:rate_study", study_id)


def at_rest(request: HttpRequest, rater: Rater, *, status: int = 200) -> HttpResponse:
    """They withdrew, or the study takes no answers; `status`: 409 where something was sent."""
    page = {"rater": rater, "study": rater.study, "refused": status != 200}
    return render(request, "studies/rate_rest.html", page, status=status)


# One text after the other


@require_http_methods(["GET", "HEAD", "POST"])
@needs(RATE_REPLIES)
def text(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    row = assignment_for(request.user, assignment_id)
    if not rating.may_be_opened(row):
        return elsewhere(request, row)
    if request.method != "POST":
        rating.note_shown(row)
        return text_page(request, row)
    form = rating_page.answer_form(row, request.POST)
    remark = rating_page.comment_form(row, request.POST) if request.POST.get("note", "").strip() else None
    if not form.is_valid() or (remark is not None and not remark.is_valid()):
        return text_page(request, row, form=form, remark=remark, status=422)
    try:
        if remark is not None:
            keep_comment(row, remark)
        is_first = answer(row, form)
    except Refused as refused:
        return refuse(request, row, refused)
    return redirect(*after(row, is_first=is_first))


def answer(row: Assignment, form: AnswerForm) -> bool:
    said = form.cleaned_data
    if isinstance(form, ScalesForm):
        values: dict[str, object] = {**form.values()}
    else:
        chosen = None if said["preferred"] == NEITHER else row.output if said["preferred"] == FIRST else row.other
        values = {"preferred": chosen, "reason": said["reason"]}
    return rating.answer(row, values, seen=said["seen"], seconds=said["seconds"])


def after(row: Assignment, *, is_first: bool) -> tuple[str, uuid.UUID]:
    """Feedback where it was practice, a pause where one is due, else what comes next."""
    if row.output.item.role == Item.Role.TRAINING:
        return "studies:rate_feedback", row.id
    if is_first and rating.is_pause_due(row):
        return "studies:rate_pause", row.id
    return "studies:rate_study", row.rater.study_id


@require_POST
@needs(RATE_REPLIES)
def skip(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    row = assignment_for(request.user, assignment_id)
    if not rating.may_be_opened(row):
        return elsewhere(request, row)
    form = SkipForm(request.POST, auto_id="skip_%s")
    if not form.is_valid():
        said = gettext("Say why you leave it out; any of the reasons will do.")
        return text_page(request, row, refusal=said, status=422)
    try:
        rating.skip(row, reason=form.cleaned_data["reason"], seen=form.cleaned_data["seen"])
    except Refused as refused:
        return refuse(request, row, refused)
    if rating.is_heavy(row):
        return redirect("studies:rate_pause", row.id)
    return redirect("studies:rate_study", row.rater.study_id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(RATE_REPLIES)
def comment(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Adds one and shows the text again with everything that was chosen so far."""
    row = assignment_for(request.user, assignment_id)
    if not rating.may_be_opened(row) or request.method != "POST":
        return elsewhere(request, row)
    form = rating_page.answer_form(row, request.POST, is_kept_open=True)
    remark = rating_page.comment_form(row, request.POST)
    if not remark.is_valid():
        return text_page(request, row, form=form, remark=remark, status=422)
    try:
        keep_comment(row, remark)
    except Refused as refused:
        return refuse(request, row, refused)
    return text_page(request, row, form=form)


def keep_comment(row: Assignment, form: CommentForm) -> None:
    said = form.cleaned_data
    number, start, end = said["words"]
    output = rating_page.outputs_of(row)[number]
    rating.comment(row, output, start=start, end=end, dimension=said["dimension"], note=said["note"])


@require_POST
@needs(RATE_REPLIES)
def delete_comment(request: HttpRequest, assignment_id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
    row = assignment_for(request.user, assignment_id)
    if not rating.may_be_opened(row):
        return elsewhere(request, row)
    try:
        rating.delete_comment(row, comment_of(row, comment_id))
    except Refused as refused:
        return refuse(request, row, refused)
    return text_page(request, row, form=rating_page.answer_form(row, request.POST, is_kept_open=True))


def text_page(
    request: HttpRequest,
    row: Assignment,
    *,
    form: AnswerForm | None = None,
    remark: CommentForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    page = rating_page.text_page(row, form=form, remark=remark, refusal=refusal)
    return render(request, "studies/rate_text.html", page, status=status)


def refuse(request: HttpRequest, row: Assignment, refused: Refused) -> HttpResponse:
    """What was chosen stays on the page; sent once more, it counts against what stands there now."""
    if refused.code == rating.CLOSED:
        return at_rest(request, rater_for(request.user, row.rater.study_id), status=refused.status)
    row = assignment_for(request.user, row.id)
    sent = request.POST.copy()
    sent["seen"] = rating.stand_of(row)
    form = rating_page.answer_form(row, sent, is_kept_open=True)
    remark = rating_page.comment_form(row, sent) if sent.get("note", "").strip() else None
    return text_page(request, row, form=form, remark=remark, refusal=str(refused), status=refused.status)


def elsewhere(request: HttpRequest, row: Assignment) -> HttpResponse:
    """What was sent to a study that takes no answers is refused; whoever only looks is led to what comes next."""
    if request.method == "POST" and row.rater.study.status != Study.Status.OPEN:
        return at_rest(request, row.rater, status=409)
    if request.method != "POST" and rating.may_be_opened(row):
        return redirect("studies:rate_text", row.id)
    return redirect("studies:rate_study", row.rater.study_id)


# Between texts


@require_GET
@needs(RATE_REPLIES)
def feedback(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    row = assignment_for(request.user, assignment_id)
    if row.output.item.role != Item.Role.TRAINING or not hasattr(row, "rating"):
        return elsewhere(request, row)
    return render(request, "studies/rate_feedback.html", rating_page.feedback_page(row))


@require_GET
@needs(RATE_REPLIES)
def pause(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Offered behind this text; nothing waits for it, and nothing counts how long."""
    row = assignment_for(request.user, assignment_id)
    page = {"study": row.rater.study, "heavy": rating.is_heavy(row), **rating_page.care_part(request.user)}
    return render(request, "studies/rate_pause.html", page)
