"""A supporter says more, or that it cannot wait: whoever has the flag hears of it, and nobody closes it without reading that."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from assistant import actions as writing
from assistant.actions import Refused
from assistant.models import Draft
from moderation import actions, invariants
from moderation.actions import alerts
from moderation.models import Alert, Escalation, Flag
from moderation.tests.test_alerts import after, client_of, on_duty, told
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

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
    ask = f"/moderation/flags/{flag.id}/claim-state?version={flag.version}"
    assert f'data-ask="{ask}&amp;by={cast.ash.pk}"' in page
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


# Once it was escalated


def ended(cast: Cast, flag: Flag) -> Escalation:
    """Escalated by ash, taken and ended by birch."""
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    row = Escalation.objects.get()
    actions.take_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    actions.end_hand_over(row, outcome="helpline", note="They were told whom to ring.", by=cast.birch)
    alerts.close_finished()
    return row


def of_the_second(cast: Cast) -> Alert:
    assert [row.by for row in Escalation.objects.order_by("at")] == [cast.ash, cast.wren]
    alert = Alert.objects.live().get()
    assert alert.escalation is not None
    assert (alert.kind, alert.escalation.by, alert.holder, told(alert)) == ("hand_over", cast.wren, None, {"birch"})
    return alert


@pytest.mark.parametrize("before", [False, True])
def test_what_cannot_wait_after_a_hand_over_has_ended_is_another_one(cast: Cast, before: bool) -> None:
    draft, flag = worried(cast)
    if before:
        writing.worry(draft.post, by=cast.wren, now=True)
        flag.refresh_from_db()
    ended(cast, flag)
    assert not Alert.objects.live().exists()
    writing.worry(draft.post, by=cast.wren, now=True)
    of_the_second(cast)
    assert invariants.failing() == {}


def test_handing_it_over_after_a_hand_over_has_ended_is_another_one(cast: Cast) -> None:
    draft, flag = worried(cast)
    ended(cast, flag)
    writing.hand_over_post(draft, by=cast.wren)
    of_the_second(cast)
    assert "Nobody is on duty right now" in build.read(client_of(cast.wren).get("/posts/"))


def test_a_plain_worry_after_that_pages_nobody(cast: Cast) -> None:
    draft, flag = worried(cast)
    ended(cast, flag)
    writing.worry(draft.post, by=cast.wren, note="They wrote again.")
    assert not Alert.objects.live().exists()
    assert invariants.failing() == {}


def test_while_a_lead_has_it_the_same_hand_over_is_told_of_again(cast: Cast) -> None:
    hazel = build.person("hazel", Role.LEAD)
    on_duty(hazel, "lead")
    draft, flag = worried(cast)
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    row = Escalation.objects.get()
    actions.take_hand_over(row, by=cast.birch)
    writing.worry(draft.post, by=cast.wren, now=True)
    alert = Alert.objects.live().get()
    assert (alert.escalation, alert.holder, told(alert)) == (row, cast.birch, {"birch", "hazel"})


@pytest.mark.parametrize("of_reply", [False, True])
def test_an_escalated_flag_that_no_lead_was_given_is_told_of_in_the_next_minute(cast: Cast, of_reply: bool) -> None:
    if of_reply:
        flag = Flag.objects.get(reply=held_reply(cast.wren))
        actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    else:
        draft, flag = worried(cast)
        ended(cast, flag)
        writing.worry(draft.post, by=cast.wren, now=True)
    Escalation.objects.filter(closed_at=None).update(closed_at=timezone.now())
    alerts.close_finished()
    assert invariants.check_and_tell() == {"flag_without_alert": 1}
    assert told(Alert.objects.live().get(kind="hand_over")) == {"birch"}
    assert invariants.failing() == {}


def test_the_hand_over_of_a_reply_ends_with_the_decision_and_not_before(cast: Cast) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    row = Escalation.objects.get()
    actions.take_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    page = build.read(client_of(cast.birch).get(f"/moderation/hand-overs/{row.id}/"))
    assert "It ends with the decision about the text" in page
    assert "How did it end?" not in page
    with pytest.raises(Refused) as refused:
        actions.end_hand_over(row, outcome="helpline", note="They were told.", by=cast.birch)
    assert refused.value.code == "ends_with_decision"


def test_a_reply_that_its_author_took_back_pages_nobody_and_is_not_handed_over(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    flag = Flag.objects.get(reply=reply)
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    alert = Alert.objects.live().get()
    writing.take_back_reply(reply, by=cast.wren)
    assert not Alert.objects.live().exists()
    assert not Escalation.objects.open().exists()
    assert alerts.advance(now=after(alert, 300)) == 0
    assert invariants.failing() == {}
    flag.refresh_from_db()
    with pytest.raises(Refused) as refused:
        actions.escalate(flag, by=cast.birch, reason="Once more.", seen=flag.version)
    assert refused.value.code == "stale"


def test_what_a_lead_has_is_not_handed_over_a_second_time(cast: Cast) -> None:
    flag = worried(cast)[1]
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    flag.refresh_from_db()
    said = {"outcome": "escalate", "reason": "Once more.", "version": flag.version}
    answer = client_of(cast.birch).post(f"/moderation/flags/{flag.id}/decide", said)
    assert answer.status_code == 409
    assert "A lead was given this already" in build.read(answer)
    assert Escalation.objects.count() == 1


def test_an_undone_decision_that_began_a_hand_over_leaves_one_when_it_is_escalated(cast: Cast) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    Flag.objects.update(level=2)  # which one person decides
    said: dict[str, Any] = {"outcome": "reject", "policy": "crisis", "reason": "We ring them.", "danger": True}
    decision: Any = actions.decide(flag, by=cast.ash, seen=flag.version, **said)
    actions.undo(decision, by=cast.ash)
    flag.refresh_from_db()
    row = Escalation.objects.get()
    assert actions.escalate(flag, by=cast.ash, reason="Not mine to say.", seen=flag.version) == row
    flag.refresh_from_db()
    assert (flag.escalated, Alert.objects.live().get().escalation) == (True, row)
    page = build.read(client_of(cast.birch).get(f"/moderation/flags/{flag.id}/"))
    assert "Not mine to say." in page
    assert "We ring them." in page


def test_a_proposal_after_it_is_confirmed_by_a_lead_once_it_is_escalated_and_a_moderator_has_it_no_more(
    cast: Cast,
) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    said: dict[str, Any] = {"outcome": "reject", "policy": "crisis", "reason": "We ring them.", "danger": True}
    actions.decide(flag, by=cast.ash, seen=flag.version, **said)
    flag.refresh_from_db()
    decision: Any = actions.answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=flag.version)
    actions.undo(decision, by=cast.birch)
    flag.refresh_from_db()
    actions.decide(flag, by=cast.birch, seen=flag.version, **said)
    flag.refresh_from_db()
    actions.claim_flag(flag, by=cast.ash)
    hazel = build.person("hazel", Role.LEAD)
    actions.escalate(flag, by=cast.ash, reason="Not mine to say.", seen=flag.version)
    alert = Alert.objects.live().get(flag=flag)
    assert (alert.holder, told(alert)) == (None, {hazel.username})
