"""While a lead has a post, nobody puts it back in front of supporters through another of its flags."""

from __future__ import annotations

from typing import Any

import pytest

from assistant import actions as writing
from assistant.models import Post
from moderation.models import Flag
from moderation.tests.test_alerts import client_of
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(cast: Cast) -> Flag:
    """Of a post that wren handed over, and about which robin worried before."""
    draft = build.draft(cast.wren)
    writing.worry(draft.post, by=cast.robin)
    writing.hand_over_post(draft, by=cast.wren)
    return Flag.objects.get(raised_by=cast.robin)


def decide(person: Any, flag: Flag, outcome: str) -> Any:
    said = {"outcome": outcome, "policy": "other", "reason": "Read twice.", "danger": "no", "closed_as": "fine"}
    return client_of(person).post(f"/moderation/flags/{flag.id}/decide", said | {"version": flag.version})


@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_a_moderator_decides_nothing_about_the_post(cast: Cast, other: Flag, outcome: str) -> None:
    answer = decide(cast.ash, other, outcome)
    assert answer.status_code == 403
    assert "This post was given to a lead" in build.read(answer)
    assert Post.objects.get().status == "held"
    page = client_of(cast.ash).get(f"/moderation/flags/{other.id}/")
    assert "They say whether supporters may answer it" in build.read(page)
    assert f'value="{outcome}"' not in page.content.decode()
    assert 'value="escalate"' in page.content.decode()


@pytest.mark.parametrize(("outcome", "status"), [("approve", "waiting"), ("reject", "closed")])
def test_a_lead_does(cast: Cast, other: Flag, outcome: str, status: str) -> None:
    assert "They say whether" not in build.read(client_of(cast.birch).get(f"/moderation/flags/{other.id}/"))
    assert decide(cast.birch, other, outcome).status_code == 302
    assert Post.objects.get().status == status


def test_once_the_lead_has_decided_the_other_flag_is_anybodys(cast: Cast, other: Flag) -> None:
    assert decide(cast.birch, Flag.objects.get(escalated=True), "approve").status_code == 302
    assert decide(cast.ash, other, "close").status_code == 302


def test_a_flag_of_a_post_that_waits_can_be_closed_meanwhile(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    for person in (cast.wren, cast.robin):
        writing.worry(draft.post, by=person)
    mine, escalated = Flag.objects.get(raised_by=cast.wren), Flag.objects.get(raised_by=cast.robin)
    decide(cast.ash, escalated, "escalate")
    assert decide(cast.ash, mine, "reject").status_code == 403
    assert decide(cast.ash, mine, "close").status_code == 302
