"""Where admins look after the goals that supporters can choose."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import actions, goals_page
from assistant.access import MANAGE_GOALS, needs
from assistant.forms import ChangedGoalForm, GoalForm, MoveForm, OfferForm
from assistant.models import WritingGoal


@require_GET
@needs(MANAGE_GOALS)
def goals(request: HttpRequest) -> HttpResponse:
    return render(request, "assistant/goals.html", goals_page.page())


@require_POST
@needs(MANAGE_GOALS)
def add_goal(request: HttpRequest) -> HttpResponse:
    form = GoalForm(request.POST)
    if form.is_valid():
        try:
            goal = actions.add_goal(**form.cleaned_data, by=request.user)
        except actions.Refused as refusal:
            form.add_error("label", str(refusal))
        else:
            messages.success(request, gettext("“%(label)s” was added at the end.") % {"label": goal.label})
            return at(goal)
    return render(request, "assistant/goals.html", goals_page.page(adding=form), status=422)


@require_POST
@needs(MANAGE_GOALS)
def change_goal(request: HttpRequest, goal_id: uuid.UUID) -> HttpResponse:
    goal = get_object_or_404(WritingGoal, id=goal_id)
    form = ChangedGoalForm(request.POST.dict(), auto_id=goals_page.auto_id(goal))
    if form.is_valid():
        try:
            actions.change_goal(goal, **form.cleaned_data, by=request.user)
        except actions.Refused as refusal:
            if refusal.code == "newer":
                form.data = {**form.data, "version": str(goal.wording.version)}  # saving again is meant
            form.add_error(None if refusal.code == "newer" else "label", str(refusal))
        else:
            messages.success(request, gettext("Saved. It counts from the next request on."))
            return at(goal)
    return render(request, "assistant/goals.html", goals_page.page(changing=(goal.id, form)), status=422)


@require_POST
@needs(MANAGE_GOALS)
def move_goal(request: HttpRequest, goal_id: uuid.UUID) -> HttpResponse:
    goal = get_object_or_404(WritingGoal, id=goal_id)
    form = MoveForm(request.POST)
    if form.is_valid():
        actions.move_goal(goal, by_places=form.cleaned_data["by_places"], by=request.user)
    else:
        messages.error(request, gettext("A goal is moved up or down by one place."))
    return at(goal)


@require_POST
@needs(MANAGE_GOALS)
def offer_goal(request: HttpRequest, goal_id: uuid.UUID) -> HttpResponse:
    """Switch it on or off. What was measured stays."""
    goal = get_object_or_404(WritingGoal, id=goal_id)
    form = OfferForm(request.POST)
    form.is_valid()
    actions.offer_goal(goal, offered=form.cleaned_data["offered"], by=request.user)
    return at(goal)


def at(goal: WritingGoal) -> HttpResponse:
    """The page, where this goal stands on it."""
    return redirect(f"{reverse('assistant:goals')}#goal-{goal.code}")
