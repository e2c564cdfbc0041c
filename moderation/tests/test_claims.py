"""A claim is a lease: renewed by activity, visible, ended by itself, taken over only with a reason, passed on without one."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from assistant.actions import send_reply
from assistant.models import AuditEvent
from moderation.actions import escalate
from moderation.models import Flag, Pass, TakeOver
from moderation.tests.test_decide import decide
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ash(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ash)
    return client


@pytest.fixture
def birch(cast: Cast) -> Client:
    other = Client()
    other.force_login(cast.birch)
    return other


@pytest.fixture
def flag(cast: Cast) -> Flag:
    return Flag.objects.get(post=build.post(build.URGENT_POST))


def act(client: Client, flag: Flag, what: str, **fields: Any) -> Any:
    return client.post(f"/moderation/flags/{flag.id}/{what}", fields)


def state(client: Client, flag: Flag) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/moderation/flags/{flag.id}/claim-state").json()
    return found


def page(client: Client, flag: Flag) -> str:
    return build.read(client.get(f"/moderation/flags/{flag.id}/"))


def hours_pass(flag: Flag, **time: float) -> None:
    """What the clock does to a claim, done to the claim."""
    flag.refresh_from_db()
    assert flag.claimed_at is not None
    assert flag.claimed_until is not None
    moved = {name: getattr(flag, name) - timedelta(**time) for name in ("claimed_at", "claimed_until")}
    Flag.objects.filter(id=flag.id).update(**moved)


def ends(flag: Flag) -> datetime:
    flag.refresh_from_db()
    assert flag.claimed_until is not None
    return flag.claimed_until


# The lease


def test_a_claim_says_who_and_since_when(flag: Flag, ash: Client, birch: Client) -> None:
    act(ash, flag, "claim")
    hours_pass(flag, minutes=4)
    assert "Yours · 4 min" in build.read(ash.get("/moderation/"))
    assert "With ash · 4 min" in build.read(birch.get("/moderation/"))
    assert "With ash · 4 min of 5 min, the time that its level has since" in page(birch, flag)


@pytest.mark.parametrize(("level", "minutes", "told"), [(4, 2, "2 min of 5 min"), (1, 61, "1 h of 24 h")])
def test_the_time_since_is_told_against_the_clock_of_the_level(
    flag: Flag, ash: Client, birch: Client, monkeypatch: pytest.MonkeyPatch, level: int, minutes: int, told: str
) -> None:
    monkeypatch.setattr(settings, "CLAIM_LEASE", timedelta(hours=2))
    Flag.objects.update(level=level)
    act(ash, flag, "claim")
    hours_pass(flag, minutes=minutes)
    told += ", the time that its level has"
    for look in (build.read(birch.get("/moderation/")), page(birch, flag)):
        assert f"With ash · {told}" in look
    for look in (build.read(ash.get("/moderation/")), page(ash, flag)):
        assert f"Yours · {told}" in look


def test_activity_renews_it_and_the_time_since_when_stays(flag: Flag, ash: Client) -> None:
    act(ash, flag, "claim")
    hours_pass(flag, minutes=10)
    before, since = ends(flag), flag.claimed_at
    assert act(ash, flag, "renew").json()["mine"]
    assert ends(flag) - before > timedelta(minutes=9)
    assert flag.claimed_at == since
    assert AuditEvent.objects.filter(action="flag.claimed").count() == 1  # a renewal is no event


def test_a_claim_that_ran_out_is_not_renewed_but_taken_anew(flag: Flag, ash: Client) -> None:
    act(ash, flag, "claim")
    hours_pass(flag, minutes=settings.CLAIM_LEASE.total_seconds() / 60 + 1)
    answer = act(ash, flag, "renew").json()
    assert not answer["mine"]
    assert "Take it again" in answer["said"]
    act(ash, flag, "claim")
    assert state(ash, flag)["mine"]
    flag.refresh_from_db()
    assert flag.claimed_at is not None
    assert timezone.now() - flag.claimed_at < timedelta(minutes=1)


def test_renewing_takes_nothing_from_anybody(flag: Flag, ash: Client, birch: Client) -> None:
    act(ash, flag, "claim")
    assert not act(birch, flag, "renew").json()["mine"]
    assert state(ash, flag)["mine"]


def test_who_looks_away_too_long_is_told_who_has_it_now(flag: Flag, ash: Client, birch: Client) -> None:
    act(ash, flag, "claim")
    hours_pass(flag, hours=1)
    act(birch, flag, "claim")
    assert state(ash, flag)["said"].startswith("Your review ended, and birch looks at it now.")


def test_a_flag_that_was_decided_meanwhile_says_so(ash: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.WORRYING_POST))  # of a level that one person decides
    act(ash, flag, "claim")
    assert decide(ash, "close", closed_as="fine").status_code == 302
    assert state(ash, flag)["said"].startswith("This was decided in the meantime.")


def told(client: Client, shown: Any) -> str:
    """As the script of a page asks that was opened without a claim of one's own."""
    address = re.search(r'data-ask="([^"]+)"', shown.content.decode())
    assert address is not None
    said: str = client.get(html.unescape(address[1])).json()["told"]
    return said


def test_who_only_opened_it_is_told_who_took_it_and_that_it_was_decided(ash: Client, birch: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.WORRYING_POST))
    shown = birch.get(f"/moderation/flags/{flag.id}/")
    assert told(birch, shown) == ""
    act(ash, flag, "claim")
    assert told(birch, shown).startswith("With ash since ")
    taken = birch.get(f"/moderation/flags/{flag.id}/")
    assert told(birch, taken) == ""  # the page says so already
    act(ash, flag, "end-claim")
    assert told(birch, taken).startswith("Nobody has it any more.")
    decide(ash, "close", closed_as="fine")
    assert told(birch, shown).startswith("This was decided in the meantime.")


def test_who_only_opened_it_is_told_that_it_changed(flag: Flag, ash: Client, birch: Client) -> None:
    """Of a level that takes two: somebody proposed what becomes of it."""
    shown = birch.get(f"/moderation/flags/{flag.id}/")
    decide(ash, "approve")
    assert told(birch, shown).startswith("This changed after you opened it.")


def test_an_open_page_of_what_was_escalated_is_told_so(flag: Flag, ash: Client, cast: Cast) -> None:
    shown = ash.get(f"/moderation/flags/{flag.id}/")
    escalate(flag, by=cast.birch, reason="A lead should see this.", seen=1)
    assert told(ash, shown).startswith("It was escalated meanwhile.")


def test_nobody_claims_their_own_reply(cast: Cast, birch: Client) -> None:
    draft = build.draft(cast.birch, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.birch, revision=build.head_of(draft))
    flag = Flag.objects.get()
    act(birch, flag, "claim")
    flag.refresh_from_db()
    assert flag.claimer() is None


# Taking over


def take_over(client: Client, flag: Flag, of: User, why: str = "They went off shift.") -> Any:
    return act(client, flag, "take-over", taken_from=str(of.pk), why=why)


def test_taking_over_needs_a_reason_is_on_record_and_is_told(
    flag: Flag, ash: Client, birch: Client, cast: Cast
) -> None:
    act(ash, flag, "claim")
    assert take_over(birch, flag, cast.ash, why="  ").status_code == 422
    assert state(ash, flag)["mine"]
    assert take_over(birch, flag, cast.ash).status_code == 302
    assert state(birch, flag)["mine"]
    said = state(ash, flag)["said"]
    assert said.startswith("birch took this over at ")
    assert "“They went off shift.”" in said
    assert "They went off shift." in page(ash, flag)
    assert "birch took this over from ash" in page(birch, flag)  # the history
    event = AuditEvent.objects.get(action="flag.taken_over")
    assert (event.actor, event.code) == (str(cast.birch.pk), str(cast.ash.pk))
    assert decide(ash, "approve", reason="Mine!").status_code == 409
    assert decide(birch, "approve").status_code == 302


def test_only_the_claim_that_the_page_showed_is_taken_over(flag: Flag, ash: Client, birch: Client, cast: Cast) -> None:
    linden = build.person("linden", Role.CLINICIAN)
    third = Client()
    third.force_login(linden)
    act(ash, flag, "claim")
    take_over(birch, flag, cast.ash)
    assert take_over(third, flag, cast.ash).status_code == 409
    assert state(birch, flag)["mine"]
    act(birch, flag, "end-claim")
    assert take_over(third, flag, cast.ash).status_code == 302  # it became free: a claim like any other
    assert state(third, flag)["mine"]
    assert TakeOver.objects.count() == 1


# Next, and passing


def next_of(client: Client) -> str:
    """Where it leads, opened: what somebody never saw is handed to them again."""
    leads_to = str(client.post("/moderation/next").headers["Location"])
    if "/flags/" in leads_to:
        client.get(leads_to)
    return leads_to


def test_next_claims_the_most_urgent_that_is_free_and_opens_it(ash: Client, birch: Client) -> None:
    quiet, urgent = (Flag.objects.get(post=build.post(text)) for text in (build.WORRYING_POST, build.URGENT_POST))
    assert next_of(ash) == f"/moderation/flags/{urgent.id}/?onward=1"
    assert state(ash, urgent)["mine"]
    assert next_of(birch) == f"/moderation/flags/{quiet.id}/?onward=1"
    assert next_of(birch) == "/moderation/"
    assert "Nothing is free for you right now." in build.read(birch.get("/moderation/"))
    hours_pass(urgent, hours=1)
    assert next_of(birch) == f"/moderation/flags/{urgent.id}/?onward=1"


def test_next_hands_out_nothing_that_is_not_this_persons_to_decide(ash: Client, birch: Client, cast: Cast) -> None:
    draft = build.draft(cast.birch, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.birch, revision=build.head_of(draft))
    escalated = Flag.objects.get(post=build.post(build.URGENT_POST))
    Flag.objects.filter(id=escalated.id).update(escalated=True)
    assert str(escalated.id) not in next_of(ash)
    assert str(escalated.id) in next_of(birch)
    assert next_of(birch) == "/moderation/"


def test_who_passes_is_not_handed_it_again_and_nobody_is_told(flag: Flag, ash: Client, birch: Client) -> None:
    assert str(flag.id) in next_of(ash)
    assert act(ash, flag, "pass").headers["Location"] == "/moderation/"
    assert next_of(ash) == "/moderation/"
    assert str(flag.id) in ash.get("/moderation/").content.decode()  # it is listed, and can be opened
    assert str(flag.id) in next_of(birch)
    act(ash, flag, "pass")  # the second click changes nothing
    assert Pass.objects.count() == 1


def test_who_proposed_is_not_handed_what_somebody_else_confirms(flag: Flag, ash: Client, birch: Client) -> None:
    assert str(flag.id) in next_of(ash)
    assert decide(ash, "approve").status_code == 302  # of a level that takes two
    assert flag.proposals.exists()
    assert next_of(ash) == "/moderation/"
    assert str(flag.id) in next_of(birch)


def history(client: Client, flag: Flag) -> list[tuple[str, str]]:
    events = client.get(f"/moderation/flags/{flag.id}/").context["history"]
    return [(event["who"], event["what"]) for event in events]


def test_a_pass_looks_like_every_claim_that_ends(ash: Client, birch: Client) -> None:
    """The history tells who took it and let it go, of either; that it was passed on is told of none."""
    passed, ended = (Flag.objects.get(post=build.post(build.URGENT_POST)) for _ in range(2))
    for flag, what in ((passed, "pass"), (ended, "end-claim")):
        act(ash, flag, "claim")
        act(ash, flag, what)
    assert history(birch, passed) == history(birch, ended)
    assert ("ash", "let somebody else take it") in history(birch, ended)
    recorded = AuditEvent.objects.exclude(action="flag.viewed").order_by("seq")
    of_each = [list(recorded.filter(object_id=one.id).values_list("action", "actor")) for one in (passed, ended)]
    assert of_each[0] == of_each[1]


def test_who_passes_what_they_never_took_leaves_nothing(flag: Flag, ash: Client, birch: Client) -> None:
    before, recorded = history(birch, flag), AuditEvent.objects.count()
    act(ash, flag, "pass")
    assert Pass.objects.count() == 1
    assert AuditEvent.objects.count() == recorded
    assert history(birch, flag) == before


def test_passing_leads_on_for_who_goes_through_them(ash: Client) -> None:
    first, second = (Flag.objects.get(post=build.post(build.URGENT_POST)) for _ in range(2))
    assert str(first.id) in next_of(ash)
    assert str(second.id) in act(ash, first, "pass", onward="1").headers["Location"]


def test_a_decision_leads_on_for_who_asked_for_that(ash: Client, birch: Client) -> None:
    flags = [Flag.objects.get(post=build.post(build.WORRYING_POST)) for _ in range(3)]
    opened = next_of(ash)
    assert 'name="onward" value="1" checked' in ash.get(opened).content.decode()
    fields = {"outcome": "close", "policy": "crisis", "closed_as": "fine", "reason": "Read.", "version": 1}
    assert str(flags[1].id) in act(ash, flags[0], "decide", **fields, onward="1").headers["Location"]
    assert act(ash, flags[1], "decide", **fields).headers["Location"] == "/moderation/"


def test_passes_of_closed_flags_are_pruned(flag: Flag, ash: Client) -> None:
    other = Flag.objects.get(post=build.post(build.URGENT_POST))
    act(ash, flag, "pass")
    act(ash, other, "pass")
    Flag.objects.filter(id=flag.id).update(status="decided", closed_at=timezone.now())
    call_command("prune", verbosity=0)
    assert [row.flag_id for row in Pass.objects.all()] == [other.id]
