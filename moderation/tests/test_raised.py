"""A supporter says more, or that it cannot wait: whoever has the flag hears of it, and nobody closes it without reading that."""

from __future__ import annotations

from typing import Any

import pytest

from assistant import actions as writing
from assistant.models import Draft
from moderation import actions
from moderation.actions import alerts
from moderation.models import Alert, Flag
from moderation.tests.test_alerts import after, client_of, on_duty, told
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db

GOODBYE = "They wrote goodbye to me."


def worried(cast: Cast, level: int | None = None) -> tuple[Draft, Flag]:
    draft = build.draft(cast.wren, level=level)
    writing.worry(draft.post, by=cast.wren)
    return draft, Flag.objects.get(raised_by=cast.wren)


def close(client: Any, flag: Flag, *, seen: int) -> Any:
    said = {"outcome": "close", "closed_as": "fine", "policy": "other", "reason": "A sad evening.", "version": seen}
    return client.post(f"/moderation/flags/{flag.id}/decide", said)


@pytest.mark.parametrize("more", [{"now": True}, {"note": GOODBYE}, {"now": True, "note": GOODBYE}])
def test_nobody_closes_it_from_a_page_that_does_not_show_what_was_said_since(cast: Cast, more: dict[str, Any]) -> None:
    draft, flag = worried(cast)
    writing.worry(draft.post, by=cast.wren, **more)
    moderator = client_of(cast.ash)
    answer = close(moderator, flag, seen=flag.version)
    assert answer.status_code == 409
    page = build.read(answer)
    assert "a supporter said more" in page
    assert "A sad evening." in answer.content.decode()
    assert ("it cannot wait" in page) == ("now" in more)
    flag.refresh_from_db()
    assert flag.is_open
    assert close(moderator, flag, seen=flag.version).status_code == 302


def test_the_same_click_again_makes_no_page_stale(cast: Cast) -> None:
    draft, flag = worried(cast)
    writing.worry(draft.post, by=cast.wren)
    assert close(client_of(cast.ash), flag, seen=flag.version).status_code == 302


def test_the_page_of_who_has_it_says_that_it_changed_and_the_claim_stays(cast: Cast) -> None:
    draft, flag = worried(cast)
    actions.claim_flag(flag, by=cast.ash)
    moderator = client_of(cast.ash)
    page = moderator.get(f"/moderation/flags/{flag.id}/").content.decode()
    ask = f"/moderation/flags/{flag.id}/claim-state?seen={flag.version}"
    assert f'data-ask="{ask}"' in page
    assert moderator.get(ask).json()["said"] == ""
    writing.worry(draft.post, by=cast.wren, now=True)
    state = moderator.get(ask).json()
    assert state["mine"]
    assert "a supporter says that it cannot wait" in state["said"]


@pytest.mark.parametrize("level", [2, 3])
def test_what_cannot_wait_any_more_is_told_of_although_somebody_has_it(cast: Cast, level: int) -> None:
    on_duty(cast.birch, "lead")
    draft, flag = worried(cast, level)
    actions.claim_flag(flag, by=cast.ash)
    alert = Alert.objects.get(flag=flag)
    writing.worry(draft.post, by=cast.wren, now=True)
    alert.refresh_from_db()
    assert (alert.holder, alert.level, told(alert)) == (cast.ash, 3, {"ash", "birch"})
    assert "Level 3: a post waits" in build.read(client_of(cast.birch).get("/moderation/alerts/"))
    epoch = alert.epoch
    writing.worry(draft.post, by=cast.wren, now=True)  # the same click
    alert.refresh_from_db()
    assert alert.epoch == epoch
    assert [alerts.advance(now=after(alert, minute)) for minute in (14.9, 15)] == [0, 1]
