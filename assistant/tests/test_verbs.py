"""Use this, keep mine, not helpful and why, stop suggesting this kind; each can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.models import AuditEvent, ChangeVerdict, StoppedKind, Suggestion
from moderation.models import Flag
from webapp import test as build
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
DRAFT = "I read it twice. The library has a room."
OFFERED = "I read it twice. There is a room in it. What is it like at home now?"  # put differently; asks


def offered(author: Any) -> Suggestion:
    return build.suggestion(build.draft(author, text=DRAFT), OFFERED)


def decide(client: Client, suggestion: Suggestion, verdict: str, index: int = 1, **fields: str) -> Any:
    form = {"text": DRAFT, "base": 1, "verdict": verdict} | fields
    return client.post(f"/suggestions/{suggestion.id}/changes/{index}", form, headers=JSON)


def page_of(client: Client, suggestion: Suggestion) -> str:
    return read(client.get(f"/jobs/{suggestion.job_id}/suggestion"))


def test_what_is_not_helpful_stays_out_and_says_why(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    assert decide(client, suggestion, "unhelpful", reason="voice").status_code == 200
    row = ChangeVerdict.objects.get()
    assert (row.verdict, row.reason, row.revision.text) == ("unhelpful", "voice", DRAFT)
    assert "yours stays · not helpful" in page_of(client, suggestion)
    assert not Flag.objects.exists()


def test_undone_it_is_open_again(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    decide(client, suggestion, "unhelpful", reason="voice")
    decide(client, suggestion, "undone")
    assert "yours stays" not in page_of(client, suggestion)


def test_what_could_hurt_is_looked_at_by_a_moderator(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    decide(client, suggestion, "unhelpful", reason="harmful")
    assert Flag.objects.get().suggestion == suggestion


@pytest.mark.parametrize("reason", ["", "because", "meaning"])
def test_why_is_one_of_the_list(cast: Cast, client: Client, reason: str) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    assert decide(client, suggestion, "unhelpful", reason=reason).status_code == (200 if reason == "meaning" else 400)


def test_another_button_takes_no_reason_along(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    decide(client, suggestion, "kept", reason="harmful")
    assert ChangeVerdict.objects.get().reason == ""
    assert not Flag.objects.exists()


def test_a_kind_that_was_stopped_is_put_aside_and_comes_back(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    stop = f"/suggestions/{suggestion.id}/changes/2/stop"
    assert client.post(stop, headers=JSON).json() == {"code": "explorations"}
    client.post(stop)  # the second click
    assert StoppedKind.objects.get().code == "explorations"
    assert AuditEvent.objects.filter(action="kind.stopped").count() == 1
    assert page_of(client, suggestion).count("Put aside: a kind that you stopped") == 1
    assert "Asks about more of it." in read(client.get("/kinds/"))
    client.post("/kinds/explorations/again")
    assert "Put aside" not in page_of(client, suggestion)


def test_what_was_decided_is_shown_though_its_kind_was_stopped(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.wren)
    client.post(f"/suggestions/{suggestion.id}/changes/2/stop")
    decide(client, suggestion, "kept", index=2)
    assert "Put aside" not in page_of(client, suggestion)


def test_what_the_safety_layer_says_cannot_be_stopped(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text="I read it twice. You are overreacting, others have it worse.")
    suggestion = build.suggestion(draft, "I read it twice. That sounds exhausting.")
    client.force_login(cast.wren)
    assert client.post(f"/suggestions/{suggestion.id}/changes/1/stop", headers=JSON).status_code == 422
    assert "Stop suggesting this kind" not in page_of(client, suggestion)
    assert client.post(f"/suggestions/{suggestion.id}/changes/9/stop", headers=JSON).status_code == 422


def test_nobody_stops_kinds_for_somebody_else(cast: Cast, client: Client) -> None:
    suggestion = offered(cast.wren)
    client.force_login(cast.robin)
    assert client.post(f"/suggestions/{suggestion.id}/changes/2/stop").status_code == 404
    client.force_login(cast.wren)
    client.post(f"/suggestions/{suggestion.id}/changes/2/stop")
    client.force_login(cast.robin)
    client.post("/kinds/explorations/again")
    assert StoppedKind.objects.filter(by=cast.wren).exists()
