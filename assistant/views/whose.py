"""Whose words a draft is made of."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assistant import access
from assistant.access import WRITE_REPLIES, needs
from assistant.screens.whose import whose_page


@require_GET
@needs(WRITE_REPLIES)
def whose(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    return render(request, "assistant/whose.html", whose_page(row))
