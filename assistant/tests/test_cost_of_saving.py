"""What runs at each pause of typing asks the database a fixed number of times."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assistant import actions
from assistant.models import Draft
from webapp import test as build
from webapp.accounts.roles import Role

pytestmark = pytest.mark.django_db

WITHOUT_SUGGESTIONS = 17  # the page's own rows, the session, the rights
WITH_SUGGESTIONS = 18  # and what was decided about the latest


def queries_of_saving(client: Client, draft: Draft) -> int:
    base = draft.head_number
    for pause in ("One more.", "One more, and another."):  # the first also meets what is read once in a process
        fields = {"text": f"{build.KIND_DRAFT} {pause}", "base": base, "origin": "typed", "change": ""}
        with CaptureQueriesContext(connection) as captured:
            answer = client.post(
                reverse("assistant:save_draft", args=[draft.id]), fields, headers={"accept": "application/json"}
            )
        assert answer.status_code == 200
        base = answer.json()["revision"]
    return len(captured)


def suggest(draft: Draft, number: int) -> None:
    actions.save_revision(draft, text=f"{build.KIND_DRAFT} Thought {number}.", base=draft.head_number)
    draft.refresh_from_db()
    build.suggestion(draft, f"{build.KIND_REVISION} Answer {number}.")


def test_saving_costs_the_same_however_much_was_suggested(client: Client) -> None:
    wren = build.person("wren", Role.SUPPORTER)
    draft = build.draft(wren)
    client.force_login(wren)
    assert queries_of_saving(client, draft) <= WITHOUT_SUGGESTIONS
    for number in range(5):
        draft.refresh_from_db()
        suggest(draft, number)
        draft.refresh_from_db()
        assert queries_of_saving(client, draft) <= WITH_SUGGESTIONS, number
